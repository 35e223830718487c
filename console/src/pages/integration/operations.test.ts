import { expect, test } from "vitest";

import type { Schemas } from "../../api/client";
import { answersOf, perTrigger } from "./operations";

const reply = (name: string, listeners = 1) => ({ name, bytes: 512, listeners, operations: listeners });

function attempt(bytes: number, followed_by: object[], text = "ok"): Schemas["Attempt"] {
  return {
    response: { status: 200, headers: [], body: { text, bytes } },
    followed_by,
  } as unknown as Schemas["Attempt"];
}

test("answers are summed up by what is usual and by the worst", () => {
  const parts = [reply("hook-sent/a", 0), reply("hook-response/a/0"), reply("hook-response/a/1", 3)];
  const found = answersOf([attempt(10, []), attempt(900, parts), attempt(20, [reply("hook-response/a/0")])]);
  expect(found).toEqual({
    attempts: 3,
    bytes: { median: 20, most: 900 },
    parts: { median: 1, most: 2 },
    listeners: 3,
    html: false,
  });
});

test("an answer that is a page for people is noticed", () => {
  expect(answersOf([attempt(10, [], "\n<!DOCTYPE html><title>Not found")])?.html).toBe(true);
});

test("attempts without an answer tell nothing", () => {
  expect(answersOf([{ followed_by: [] } as unknown as Schemas["Attempt"]])).toBeNull();
});

test("operations are counted for each publish that fired", () => {
  expect(perTrigger({ received: 100, triggers: 10 })).toBe(10);
  expect(perTrigger({ received: 0, triggers: 0 })).toBeNull();
});
