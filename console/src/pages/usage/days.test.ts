import { expect, test } from "vitest";

import { daysFrom, firstOfMonth, isDay, lastOfMonth, plus, rangeOf } from "./days";

const NOW = new Date("2026-03-15T12:00:00Z");

test("months end on their own last day, leap years included", () => {
  expect(lastOfMonth("2026-02-03")).toBe("2026-02-28");
  expect(lastOfMonth("2028-02-29")).toBe("2028-02-29");
  expect(lastOfMonth("2026-12-01")).toBe("2026-12-31");
});

test("the month before January is December", () => {
  expect(firstOfMonth("2026-01-31", -1)).toBe("2025-12-01");
  expect(plus("2026-01-01", -1)).toBe("2025-12-31");
});

test("a range holds both of its ends", () => {
  expect(daysFrom("2026-02-27", "2026-03-01")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  expect(daysFrom("2026-03-01", "2026-03-01")).toEqual(["2026-03-01"]);
});

test("only days that exist are days", () => {
  expect(["2026-02-28", "2026-02-30", "2026-2-1", "today", ""].map(isDay)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("this month up to today is counted unless an address asks for sensible days", () => {
  expect(rangeOf({}, NOW)).toEqual({ since: "2026-03-01", until: "2026-03-15" });
  expect(rangeOf({ since: "2026-02-01", until: "2026-02-28" }, NOW)).toEqual({
    since: "2026-02-01",
    until: "2026-02-28",
  });
  expect(rangeOf({ since: "2026-04-01", until: "nonsense" }, NOW)).toEqual({
    since: "2026-03-01",
    until: "2026-03-15",
  });
});
