import { expect, test } from "vitest";

import { filterOf, queryOf } from "./filter";

const query = (asked: Record<string, string>) => queryOf("1", filterOf(asked)).toString();

test("a status and a code share one field, and each reaches the API by its own name", () => {
  expect(query({ ended: "401" })).toBe("integration=1&status=401");
  expect(query({ ended: " etimedout " })).toBe("integration=1&code=ETIMEDOUT");
});

test("what makes no sense is left out instead of answered with an error", () => {
  expect(query({ ended: "4", device: "kitchen", outcome: "fine", day: "yesterday", since: "?" })).toBe(
    "integration=1",
  );
});

test("a day is the whole UTC day, and goes before other times", () => {
  const { since, until } = Object.fromEntries(
    queryOf("1", filterOf({ day: "2026-02-28", since: "2020-01-01" })),
  );
  expect([since, until]).toEqual(["2026-02-28T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]);
});
