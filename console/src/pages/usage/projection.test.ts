import { expect, test } from "vitest";

import { projected } from "./projection";

const day = (day: string, operations: number) => ({ day, operations });

test("a steady month ends at its daily number times its days", () => {
  const days = Array.from({ length: 10 }, (_, at) => day(`2026-04-${String(at + 1).padStart(2, "0")}`, 100));
  expect(projected(days, new Date("2026-04-11T00:00:00Z"))).toBe(3_000);
});

test("what began late in the month is judged by the days since", () => {
  expect(projected([day("2026-04-21", 500)], new Date("2026-04-22T00:00:00Z"))).toBe(500 + 500 * 9);
});

test("the pace is that of the last seven days, not of the whole month", () => {
  const days = [
    day("2026-04-01", 70_000),
    ...[9, 10, 11, 12, 13, 14].map((n) => day(`2026-04-${String(n).padStart(2, "0")}`, 0)),
  ];
  expect(projected([...days, day("2026-04-15", 70)], new Date("2026-04-15T23:59:59.999Z"))).toBe(
    70_070 + Math.round((70 / 7) * 15),
  );
});

test("other months do not count", () => {
  const days = [day("2026-03-31", 9_999), day("2026-04-01", 240)];
  expect(projected(days, new Date("2026-04-02T00:00:00Z"))).toBe(240 * 30);
});

test("nothing is guessed from nothing, or from a few minutes", () => {
  expect(projected([], new Date("2026-04-02T00:00:00Z"))).toBeUndefined();
  expect(projected([day("2026-04-01", 5)], new Date("2026-04-01T00:10:00Z"))).toBeUndefined();
});
