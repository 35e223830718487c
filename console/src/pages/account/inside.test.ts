import { expect, test } from "vitest";

import { inside } from "./inside";

test("a path of the console is kept whole", () => {
  expect(inside("/me/events?q=a%20b#top")).toBe("/me/events?q=a%20b#top");
  expect(inside("/product-10001/integrations")).toBe("/product-10001/integrations");
});

test.each([
  "https://elsewhere.example/",
  "//elsewhere.example/",
  "/\\elsewhere.example/",
  "\\\\elsewhere.example/",
  "/.//elsewhere.example/",
  "/\t/elsewhere.example/",
  " //elsewhere.example/",
  "javascript:alert(1)",
  "me/events",
  "",
])("%j leads out of the console and is not followed", (to) => {
  expect(inside(to)).toBe("/");
});

test("without a place to go to, it is the start, and never the door itself", () => {
  expect(inside(undefined)).toBe("/");
  expect(inside("/sign-in?to=/sign-in")).toBe("/");
  expect(inside("/setup")).toBe("/");
});
