/** A freshly started server for each test, somebody signed in, and a device that really publishes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { type APIRequestContext, test as base, type Page } from "@playwright/test";

const BINARY = process.env["FIELDHOOK_BIN"] ?? join(import.meta.dirname, "../../target/debug/fieldhook");

export const EMAIL = "owner@example.com";
export const PASSWORD = "correct horse battery staple";

/** A server on an empty directory and a free port. */
export class Server {
  readonly url: string;
  /** The one-time link of a first start without an administrator. */
  readonly setupLink: string | undefined;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(
    child: ChildProcess,
    directory: string,
    told: { url: string; setup_link?: string | null },
  ) {
    this.#child = child;
    this.#directory = directory;
    this.url = told.url;
    this.setupLink = told.setup_link ?? undefined;
  }

  /** Starts one; with an administrator unless it is to print its set-up link. */
  static async start({ administrator = true } = {}): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), "fieldhook-console-"));
    const words = ["serve", "--json", "--data", directory, "--listen", "127.0.0.1:0"];
    const account = administrator ? { FIELDHOOK_ADMIN_EMAIL: EMAIL, FIELDHOOK_ADMIN_PASSWORD: PASSWORD } : {};
    const child = spawn(BINARY, [...words, "--allow-destinations", "127.0.0.0/8"], {
      env: { ...process.env, ...account },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    return new Server(child, directory, JSON.parse(line) as { url: string; setup_link?: string });
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The API, called as a program would, with a token. */
export class Api {
  readonly #request: APIRequestContext;
  readonly #url: string;
  readonly #token: string;

  constructor(request: APIRequestContext, url: string, token: string) {
    this.#request = request;
    this.#url = url;
    this.#token = token;
  }

  static async signedIn(request: APIRequestContext, url: string): Promise<Api> {
    const form = {
      grant_type: "password",
      username: EMAIL,
      password: PASSWORD,
      client_id: "particle",
      client_secret: "particle",
    };
    const answer = await request.post(`${url}/oauth/token`, { form });
    const { access_token } = (await answer.json()) as { access_token: string };
    return new Api(request, url, access_token);
  }

  async call<T = Record<string, unknown>>(method: string, path: string, data?: unknown): Promise<T> {
    const headers = { Authorization: `Bearer ${this.#token}` };
    const answer = await this.#request.fetch(this.#url + path, { method, headers, data });
    if (!answer.ok())
      throw new Error(`${method} ${path} answered ${answer.status()}: ${await answer.text()}`);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  }

  /** Claims a device, and gives what it needs to publish as itself. */
  async device(id: string): Promise<Device> {
    await this.call("POST", "/v1/devices", { id });
    const { token } = await this.call<{ token: string }>("POST", `/v1/devices/${id}/token`);
    return { id, publish: (name, data) => new Api(this.#request, this.#url, token).publish(name, data) };
  }

  async publish(name: string, data?: string): Promise<string> {
    const { id } = await this.call<{ id: string }>("POST", "/v1/devices/events", { name, data });
    return id;
  }

  /** A throw-away endpoint that answers as told. */
  async endpoint(answer: Record<string, unknown> = {}): Promise<{ id: string; url: string }> {
    const made = await this.call<{ id: string; url: string }>("POST", "/fieldhook/v1/tester", {});
    await this.answer(made.id, answer);
    return made;
  }

  async answer(endpoint: string, answer: Record<string, unknown>): Promise<void> {
    await this.call("PUT", `/fieldhook/v1/tester/${endpoint}/answer`, answer);
  }

  async integration(template: Record<string, unknown>, scope = "/v1"): Promise<string> {
    const made = await this.call<{ id: string }>("POST", `${scope}/integrations`, {
      integration_type: "Webhook",
      ...template,
    });
    return made.id;
  }
}

export interface Device {
  id: string;
  publish: (name: string, data?: string) => Promise<string>;
}

/** Tests with a server, its API, and a page on which the owner is signed in. */
export const test = base.extend<{ server: Server; api: Api; console: Page }>({
  // oxlint-disable-next-line no-empty-pattern
  server: async ({}, hand) => {
    const server = await Server.start();
    await hand(server);
    await server.stop();
  },
  api: async ({ server, playwright }, hand) => {
    const request = await playwright.request.newContext();
    await hand(await Api.signedIn(request, server.url));
    await request.dispose();
  },
  console: async ({ server, page }, hand) => {
    const answer = await page.request.post(`${server.url}/fieldhook/v1/session`, {
      data: { username: EMAIL, password: PASSWORD },
    });
    if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
    await page.goto(`${server.url}/console/`);
    await hand(page);
  },
});

export { expect } from "@playwright/test";
