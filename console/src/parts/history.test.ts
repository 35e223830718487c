import { expect, test } from "vitest";

import { ceiling, everyDay, saves } from "./history";

test("days without an attempt are shown as empty days, across the end of a month", () => {
  const days = everyDay([{ date: "2026-03-01", success: 3, error: 1, skipped: 0 }], "2026-03-02", 4);
  expect(days.map(({ date, success }) => [date, success])).toEqual([
    ["2026-02-27", 0],
    ["2026-02-28", 0],
    ["2026-03-01", 3],
    ["2026-03-02", 0],
  ]);
});

test("days older than those shown are left out", () => {
  const days = everyDay([{ date: "2026-01-01", success: 9, error: 0, skipped: 0 }], "2026-03-02", 30);
  expect(days).toHaveLength(30);
  expect(days.every(({ success }) => success === 0)).toBe(true);
});

test.each([
  [0, 1],
  [1, 1],
  [7, 8],
  [101, 200],
  [214, 300],
  [1_000, 1_000],
  [86_400, 100_000],
])("a busiest day of %i gives an axis up to %i", (most, top) => {
  expect(ceiling([{ date: "2026-03-02", success: most, error: 0, skipped: 0 }])).toBe(top);
});

test("a save stands where in the day it was made; the making of the integration is none", () => {
  const days = everyDay([], "2026-03-04", 4);
  const found = saves(
    [
      { revision: 3, saved_at: "2026-03-03T00:00:00Z" },
      { revision: 2, saved_at: "2026-02-01T00:00:00Z" },
      { revision: 1, saved_at: "2026-03-02T00:00:00Z" },
    ],
    days,
  );
  expect(found).toEqual([{ place: 0.5, revision: 3, at: "2026-03-03T00:00:00Z" }]);
});
