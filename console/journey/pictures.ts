/** Takes the pictures of README and docs: `make pictures` starts the demo, lets it play, and looks at its pages. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import { chromium, type Page, test } from "@playwright/test";

import config from "../playwright.config";

const BINARY = process.env["FIELDHOOK_BIN"] ?? join(import.meta.dirname, "../../target/debug/fieldhook");
const FOLDER = join(import.meta.dirname, "../../docs/pictures");
/** Long enough for the flapping endpoint to have failed, put its webhook to sleep, and recovered. */
const SECONDS = Number(process.env["FIELDHOOK_PLAY"] ?? 150);

test("the pictures of README and docs", async () => {
  test.setTimeout((SECONDS + 300) * 1_000);
  const directory = await mkdtemp(join(tmpdir(), "fieldhook-pictures-"));
  const demo = spawn(BINARY, ["demo", "--data", directory, "--listen", "127.0.0.1:0", "--rate", "25"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const url = await played(demo);
    const account = JSON.parse(await readFile(join(directory, "demo-account.json"), "utf8")) as Account;
    await takePictures(url, account);
  } finally {
    const ended = once(demo, "exit");
    demo.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
});

interface Account {
  email: string;
  password: string;
}

/** The demo's address, once it has played for a while. It tells its address beside its report, on the other stream. */
async function played(demo: ChildProcess): Promise<string> {
  if (!demo.stdout || !demo.stderr) throw new Error("the demo's output is not piped");
  const told = new PassThrough();
  demo.stdout.pipe(told, { end: false });
  demo.stderr.pipe(told, { end: false });
  demo.once("exit", () => told.end());
  const lines = createInterface({ input: told });
  let url = "";
  for await (const line of lines) {
    url ||= /http:\/\/[\d.:]+/.exec(line)?.[0] ?? "";
    const [, hours = "0", minutes = "0", seconds = "0"] = /^(\d+):(\d+):(\d+) /.exec(line) ?? [];
    const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    // What is told from here on is let go.
    if (url !== "" && time >= SECONDS) return url;
  }
  throw new Error("the demo ended before it had played");
}

async function takePictures(url: string, account: Account): Promise<void> {
  const browser = await chromium.launch(config.use?.launchOptions);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    locale: "en-GB",
    deviceScaleFactor: 1,
  });
  const answer = await context.request.post(`${url}/fieldhook/v1/session`, {
    data: { username: account.email, password: account.password },
  });
  if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
  const page = await context.newPage();
  const console = `${url}/console`;
  for (const { name, path, before } of await scenes(page, url)) {
    await page.goto(console + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
    await before?.(page);
    // A moment for charts to have drawn themselves.
    await page.waitForTimeout(1_500);
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  }
  await browser.close();
}

interface Scene {
  name: string;
  path: string;
  before?: (page: Page) => Promise<void>;
}

interface Overview {
  id: string;
  name: string;
  scope: string;
}

/** What is worth a picture. */
async function scenes(page: Page, url: string): Promise<Scene[]> {
  const read = async <T>(path: string): Promise<T> =>
    (await (await page.request.get(url + path)).json()) as T;
  const { products } = await read<{ products: { id: number; name: string }[] }>("/v1/user/products");
  const slugs = ["me", ...products.map(({ id }) => `product-${id}`)];
  const scopes = ["", ...products.map(({ id }) => `?scope=product:${id}`)];
  const lists = await Promise.all(
    scopes.map((scope) => read<{ items: Overview[] }>(`/fieldhook/v1/integrations${scope}`)),
  );
  const all = lists.flatMap(({ items }, at) => items.map((item) => ({ ...item, slug: slugs[at] ?? "me" })));
  const called = (word: string) => {
    const found = all.find(({ name }) => name.toLowerCase().includes(word));
    if (!found) throw new Error(`the demo has no webhook whose name holds ${word}`);
    return `/${found.slug}/integrations/${found.id}`;
  };
  const busiest = called("dashboard").split("/")[1] ?? "me";
  return [
    { name: "integrations", path: "/me/integrations" },
    { name: "integration", path: called("flapping") },
    { name: "card", path: called("pager") },
    { name: "issues", path: "/me/issues" },
    {
      name: "alerts",
      path: "/me/alerts",
      before: (page) => page.getByRole("button", { name: /^Alerts/ }).click(),
    },
    { name: "builder", path: `${called("dashboard")}/edit` },
    { name: "gallery", path: "/me/gallery" },
    { name: "events", path: `/${busiest}/events` },
    { name: "devices", path: `/${busiest}/devices` },
    { name: "usage", path: "/me/usage" },
    { name: "tester", path: "/me/tester" },
  ];
}
