import { afterEach, expect, test, vi } from "vitest";

import { faultOfName, noteOnName, publish } from "./publish";

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: object) {
  const asked = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
  asked.mockImplementation(async () => Response.json(body, { status }));
  vi.stubGlobal("fetch", asked);
  return asked;
}

test("a person publishes in the scope that is shown", async () => {
  const asked = answering(200, { id: "1" });
  expect(await publish({ kind: "scope", scope: { kind: "product", id: 7 } }, "a", "b")).toBe("1");
  expect(asked.mock.lastCall?.[0]).toBe("/v1/products/7/events");
  await publish({ kind: "scope", scope: { kind: "me", user: "x" } }, "a", "");
  expect(asked.mock.lastCall?.[0]).toBe("/v1/devices/events");
  expect(asked.mock.lastCall?.[1].body).toBe('{"name":"a"}');
});

test("a device publishes by its own token, without the person's session", async () => {
  const asked = answering(200, { id: "2" });
  expect(await publish({ kind: "device", token: "t0" }, "a", "b")).toBe("2");
  expect(asked.mock.lastCall?.[1]).toMatchObject({
    credentials: "omit",
    headers: { Authorization: "Bearer t0" },
  });
});

test("an unknown device token is a fault of the field, not the end of the session", async () => {
  answering(401, { error: "invalid_token" });
  await expect(publish({ kind: "device", token: "t0" }, "a", "b")).rejects.toMatchObject({
    status: 400,
    field: "token",
  });
});

test("names that the server refuses are told before they are sent", () => {
  for (const name of ["", "climate/reading", "a b", "x".repeat(64), "hook-sent/x"])
    expect(faultOfName(name)).toBeUndefined();
  for (const name of ["particle/x", "spark", " a", "a ", "é", "x".repeat(65)])
    expect(faultOfName(name)).toBeDefined();
});

test("a name that looks like a reply is allowed, with a note", () => {
  expect(noteOnName("hook-sent/x")).toBeDefined();
  expect(noteOnName("de0000000000000000000101/hook-response/x/0")).toBeDefined();
  expect(noteOnName("webhook-sent")).toBeUndefined();
});
