/** What a person does here, from the first start to a fault that is found and mended; on a real server. */
import type { Page } from "@playwright/test";

import { Api, EMAIL, expect, PASSWORD, Server, test } from "./world";

const DEVICE = "0123456789abcdef01234567";

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });

test("the link of a first start makes the first account, and works once", async ({ page }) => {
  const server = await Server.start({ administrator: false });
  try {
    const link = server.setupLink;
    if (link === undefined) throw new Error("a server without users prints a link");
    await page.goto(link);
    await page.getByLabel("E-mail address").fill(EMAIL);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await expect(heading(page, "Integrations")).toBeVisible();
    await expect(page.getByText("No integrations yet")).toBeVisible();

    await page.getByRole("button", { name: "Account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(heading(page, "Sign in")).toBeVisible();

    await page.goto(link);
    await page.getByLabel("E-mail address").fill("second@example.com");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Make the account" }).click();
    await expect(page.getByText("This link does not work any more")).toBeVisible();
  } finally {
    await server.stop();
  }
});

test("a webhook is built with its preview, fires, breaks, and is mended", async ({ page, server, api }) => {
  const device = await api.device(DEVICE);
  const endpoint = await api.endpoint({ status: 200, body: '{"stored":true}' });

  await page.goto(`${server.url}/console/`);
  await page.getByLabel("E-mail address").fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(heading(page, "Integrations")).toBeVisible();

  // The event comes first, as it mostly does: then it stands ready for the preview.
  await device.publish("temperature/kitchen", '{"celsius":21.5}');
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.getByRole("radiogroup", { name: "Which events" }).getByText("Stored").click();
  const stored = page.getByRole("list", { name: "Events" }).getByRole("listitem");
  await expect(stored.filter({ hasText: "temperature/kitchen" })).toBeVisible();

  await page.getByRole("link", { name: "Integrations", exact: true }).click();
  await page.getByRole("link", { name: "New integration" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Readings");
  await page.getByRole("textbox", { name: "Event name" }).fill("temperature");
  await page.getByRole("textbox", { name: "URL" }).fill(endpoint.url);
  const preview = page.getByRole("region", { name: "Live preview" });
  await expect(preview.getByText(endpoint.url)).toBeVisible();
  await expect(preview.getByText(/event=temperature%2Fkitchen/)).toBeVisible();
  await page.getByRole("button", { name: "Create" }).click();
  await expect(heading(page, "Readings")).toBeVisible();

  // Live: the page is not touched from here until the attempt stands in the log.
  await device.publish("temperature/kitchen", '{"celsius":22}');
  const log = page.getByRole("list", { name: "Attempts, newest first" });
  await expect(log.getByRole("listitem")).toHaveCount(1);
  await expect(log.getByRole("listitem").first()).toContainText("200");

  await api.answer(endpoint.id, { status: 401, body: "who are you?" });
  await device.publish("temperature/kitchen", '{"celsius":23}');
  await expect(log.getByRole("listitem")).toHaveCount(2);
  const newest = log.getByRole("listitem").first();
  await expect(newest).toContainText("401");
  await newest.getByRole("button").first().click();
  await expect(page.getByText("who are you?").first()).toBeVisible();
  await expect(page.getByText("error status 401 from 127.0.0.1").first()).toBeVisible();

  // Two clicks from the list: what is wrong, the fact that proves it, and what to do.
  await page.getByRole("link", { name: "Integrations", exact: true }).first().click();
  await expect(page.getByText(/401 since .*, 100 %, 1 event/)).toBeVisible();
  await page.getByRole("link", { name: "Readings" }).click();
  const card = page.getByRole("article", { name: /401/ });
  await expect(card).toContainText("who are you?");
  await expect(card).toContainText("What to do");
  await card
    .getByRole("link", { name: /^Compare/ })
    .first()
    .click();
  await expect(heading(page, "Compare")).toBeVisible();
  await expect(page.getByRole("region", { name: "Response" })).toContainText("who are you?");
  await page.goBack();

  // Mended, then replayed: the event that failed arrives, and is blue in the log.
  await api.answer(endpoint.id, { status: 200, body: '{"stored":true}' });
  await card.getByRole("button", { name: "Recover…" }).click();
  const replay = page.getByRole("dialog", { name: "Recover what failed or was dropped" });
  await expect(replay.getByText("1 event would be sent")).toBeVisible();
  await replay.getByRole("button", { name: "Send 1 event" }).click();
  await expect(replay.getByText(/1 succeeded/)).toBeVisible();
  await replay.getByRole("button", { name: "Close" }).last().click();
  await expect(log.getByRole("listitem").first()).toContainText("200");
  await expect(page.getByRole("list", { name: "Replays, newest first" })).toContainText(EMAIL);

  // Handed over: looked at first, then behind a link that anybody may open.
  await page.getByRole("button", { name: "More to do" }).click();
  await page.getByRole("menuitem", { name: "Hand over…" }).click();
  const over = page.getByRole("dialog", { name: "Hand over Readings" });
  const shown = over.frameLocator("iframe");
  await expect(shown.getByRole("heading", { name: "Case: Readings" })).toBeVisible();
  await over.getByRole("button", { name: "Make a link" }).click();
  const link = await over.getByRole("status").locator("code").innerText();
  await page.goto(link);
  await expect(page.getByRole("heading", { name: "Case: Readings" })).toBeVisible();
  await page.goBack();

  await page.getByRole("link", { name: "Integrations", exact: true }).first().click();
  await expect(page.getByText(/401 since/)).toHaveCount(0);
});

test("a server that has gone is missed at once, and what was loaded stays", async ({ page, playwright }) => {
  const server = await Server.start();
  let running = true;
  try {
    const request = await playwright.request.newContext();
    const api = await Api.signedIn(request, server.url);
    await api.integration({ event: "t", url: "http://127.0.0.1:9/in", name: "Readings" });
    await page.request.post(`${server.url}/fieldhook/v1/session`, {
      data: { username: EMAIL, password: PASSWORD },
    });
    await page.goto(`${server.url}/console/me/integrations`);
    await expect(page.getByRole("link", { name: "Readings" })).toBeVisible();
    await expect(page.getByText("The server does not answer")).toHaveCount(0);

    running = false;
    await server.stop();
    await expect(page.getByText("The server does not answer")).toBeVisible();
    await expect(page.getByRole("link", { name: "Readings" })).toBeVisible();
    await request.dispose();
  } finally {
    if (running) await server.stop();
  }
});

test("what devices and servers send is shown as text, whatever it looks like", async ({
  console: page,
  server,
  api,
}) => {
  const hostile = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const device = await api.device(DEVICE);
  const endpoint = await api.endpoint({
    status: 500,
    body: hostile,
    headers: { "Content-Type": "text/html" },
  });
  const integration = await api.integration({ event: "<b>", url: endpoint.url, name: hostile.slice(0, 60) });
  const event = await device.publish("<b>bold</b>", hostile);

  const log = page.getByRole("list", { name: "Attempts, newest first" });
  await page.goto(`${server.url}/console/me/integrations/${integration}`);
  await log.getByRole("listitem").first().getByRole("button").first().click();
  await expect(page.getByText("onerror=").first()).toBeVisible();
  await page.goto(`${server.url}/console/me/events/${event}`);
  await expect(page.getByText("onerror=").first()).toBeVisible();
  await page.goto(`${server.url}/console/me/integrations`);
  await expect(page.getByRole("link", { name: /img src=x/ })).toBeVisible();

  expect(await page.locator("img[src=x]").count()).toBe(0);
  expect(await page.title()).not.toContain("owned");
});

test("a product's webhooks stand in the product, and one's own page says that they are there", async ({
  console: page,
  server,
  api,
}) => {
  const made = await api.call<{ product: { id: number } }>("POST", "/v1/user/products", {
    product: { name: "Greenhouse" },
  });
  const url = (await api.endpoint()).url;
  await api.integration({ event: "soil", url, name: "Soil" }, `/v1/products/${made.product.id}`);
  await page.goto(`${server.url}/console/me/integrations`);
  await expect(page.getByRole("link", { name: "Greenhouse (1)" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Soil" })).toHaveCount(0);
  await page.getByRole("link", { name: "Greenhouse (1)" }).click();
  await expect(page.getByRole("link", { name: "Soil" })).toBeVisible();
});

test("a failure rings the bell and goes to a chat, and the alert is over once somebody has dealt with it", async ({
  console: page,
  server,
  api,
}) => {
  const chat = await api.endpoint({ status: 200 });
  const failing = await api.endpoint({ status: 401, body: "who are you?" });
  await page.goto(`${server.url}/console/me/settings?tab=alerts`);
  await page.getByRole("link", { name: "New webhook for alerts" }).click();
  await expect(page.getByRole("textbox", { name: "Event name" })).toHaveValue("fieldhook/alert/");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Chat");
  await page.getByRole("textbox", { name: "URL" }).fill(chat.url);
  await page.getByRole("button", { name: "Create" }).click();
  await expect(heading(page, "Chat")).toBeVisible();
  await page.goto(`${server.url}/console/me/settings?tab=alerts`);
  await page.getByRole("button", { name: "Send a test alert" }).click();
  await expect(page.getByText("It fired Chat")).toBeVisible();

  await api.integration({ event: "alarm", url: failing.url, name: "Alarms" });
  await api.publish("alarm", "on");
  await page.getByRole("button", { name: "Alerts: 1 new" }).click();
  await page
    .getByRole("dialog")
    .getByRole("link", { name: /Alarms fails: status 401/ })
    .click();
  await expect(heading(page, "Alarms")).toBeVisible();
  await expect(page.getByRole("button", { name: "Alerts", exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Alerts", exact: true }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "status 401" })).toBeVisible();
  await page.getByRole("button", { name: /^Dismiss/ }).click();
  await expect(page.getByText("No alert is open")).toBeVisible();
  await page.getByText("Over", { exact: true }).click();
  await expect(page.getByText(`dismissed by ${EMAIL}`)).toBeVisible();
});

test("everything can be reached with the keyboard alone", async ({ page, server, api }) => {
  const url = (await api.endpoint()).url;
  await api.integration({ event: "temperature", url, name: "Readings" });
  await page.goto(`${server.url}/console/`);
  await expect(page.getByLabel("E-mail address")).toBeFocused();
  await page.keyboard.type(EMAIL);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(heading(page, "Integrations")).toBeVisible();

  await page.keyboard.press("ControlOrMeta+k");
  const search = page.getByRole("dialog").getByRole("textbox");
  await expect(search).toBeFocused();
  await page.keyboard.type("Readings");
  await expect(search).toHaveValue("Readings");
  await expect(page.getByRole("dialog").getByRole("button", { name: /Readings/ })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(heading(page, "Readings")).toBeVisible();

  await tabTo(page, "Test");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

/** Presses Tab until the button of this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const button = page.getByRole("button", { name, exact: true });
  for (let presses = 0; presses < 60; presses += 1) {
    if (await button.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`60 presses of Tab do not reach ${name}`);
}
