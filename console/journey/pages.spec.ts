/** What holds of every page: it can be read by everybody, at every width, and nothing jumps while it fills. */
import axe from "axe-core";
import type { Page } from "@playwright/test";

import { type Api, expect, test } from "./world";

const DEVICE = "0123456789abcdef01234567";

/** Something of everything: a webhook that works, one that fails, events, a product, a tester's endpoint. */
async function filled(api: Api): Promise<string[]> {
  const healthy = await api.endpoint({ status: 200, body: '{"stored":true}' });
  const failing = await api.endpoint({ status: 401, body: "who are you?" });
  const works = await api.integration({ event: "temperature", url: healthy.url, name: "Readings" });
  const fails = await api.integration({ event: "alarm", url: failing.url, name: "Alarms" });
  const product = await api.call<{ product: { id: number } }>("POST", "/v1/user/products", {
    product: { name: "Greenhouse" },
  });
  const scope = `/v1/products/${product.product.id}`;
  await api.integration({ event: "soil", url: healthy.url, name: "Soil" }, scope);
  const device = await api.device(DEVICE);
  const event = await device.publish("temperature/kitchen", '{"celsius":21.5}');
  await device.publish("alarm/door", "open");
  await device.publish("<script>alert(1)</script>", "<img src=x onerror=alert(1)>");
  const attempts = await attemptsOf(api, works);
  const attempt = attempts[0];
  const [failed] = await attemptsOf(api, fails);
  return [
    "/me/integrations",
    `/me/integrations/${works}`,
    `/me/integrations/${fails}`,
    `/me/integrations/${works}/edit`,
    "/me/integrations/new",
    "/me/gallery",
    `/me/attempts/${attempt?.id}`,
    `/me/deliveries/${attempt?.delivery}`,
    "/me/issues",
    "/me/alerts",
    `/me/compare?a=${attempt?.id}&b=${failed?.id}`,
    "/me/help",
    "/me/events",
    `/me/events/${event}`,
    "/me/devices",
    `/me/devices/${DEVICE}`,
    "/me/products",
    "/me/tester",
    `/me/tester/${healthy.id}`,
    "/me/usage",
    "/me/settings",
    "/me/settings?tab=alerts",
    `/product-${product.product.id}/integrations`,
    `/product-${product.product.id}/devices`,
    `/product-${product.product.id}/settings?tab=team`,
  ];
}

async function attemptsOf(api: Api, integration: string): Promise<{ id: string; delivery: string }[]> {
  const path = `/fieldhook/v1/attempts?integration=${integration}`;
  let items: { id: string; delivery: string }[] = [];
  await expect
    .poll(async () => ({ items } = await api.call<{ items: typeof items }>("GET", path)).items.length)
    .toBeGreaterThan(0);
  return items;
}

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test(`every page reads well in ${scheme} at ${width} pixels`, async ({ console: page, api, server }) => {
      test.setTimeout(360_000);
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await watchJumps(page);
      for (const path of await filled(api)) {
        await page.goto(`${server.url}/console${path}`);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
        expect.soft(await faults(page), `accessibility of ${path}`).toEqual([]);
        expect.soft(await sideways(page), `sideways scrolling of ${path}`).toBeLessThanOrEqual(0);
        expect.soft(await jumps(page), `layout jumps of ${path}`).toBeLessThan(0.1);
      }
      expect(complaints).toEqual([]);
    });
  }
}

test("the first load weighs less than 500 KB as it comes over the wire", async ({ page, server }) => {
  let bytes = 0;
  page.on("requestfinished", async (request) => {
    const sizes = await request.sizes();
    bytes += sizes.responseBodySize + sizes.responseHeadersSize;
  });
  await page.goto(`${server.url}/console/`, { waitUntil: "networkidle" });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(500_000);
});

/** Serious and critical findings of axe, each with the element it is about. */
async function faults(page: Page): Promise<string[]> {
  // Evaluated by the browser's debugger, which the page's own policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: typeof axe }).axe.run;
    return run(document, { resultTypes: ["violations"] });
  });
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`),
  );
}

/** By how many pixels the page is wider than its window. */
function sideways(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Adds up how far things jump that nobody touched (Cumulative Layout Shift). */
async function watchJumps(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const sum = { value: 0 };
    Object.assign(globalThis, { jumps: sum });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[]) {
        if (!entry.hadRecentInput) sum.value += entry.value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

function jumps(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as { jumps: { value: number } }).jumps.value);
}
