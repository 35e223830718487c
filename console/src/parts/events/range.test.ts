import { expect, test } from "vitest";

import { bounds, localMoment, rangeOf, written } from "./range";

const NOW = Date.parse("2026-11-25T12:00:00Z");

test("the last minutes count back from now", () => {
  expect(bounds(rangeOf("15"), NOW)).toEqual({ since: "2026-11-25T11:45:00.000Z" });
});

test("two moments are read by the reader's clock, and either may be open", () => {
  const from = new Date(2026, 10, 25, 10, 30).toISOString();
  expect(bounds(rangeOf("2026-11-25T10:30~"), NOW)).toEqual({ since: from });
  expect(bounds(rangeOf("~2026-11-25T10:30"), NOW)).toEqual({ until: from });
  expect(bounds(rangeOf("soon~later"), NOW)).toEqual({});
});

test("what the address writes is read back, and what it cannot mean is the last hour", () => {
  for (const text of ["360", "2026-11-25T10:30~2026-11-25T11:00", "~"]) {
    expect(written(rangeOf(text))).toBe(text);
  }
  for (const text of [undefined, "", "7", "x"]) expect(written(rangeOf(text))).toBe("60");
});

test("a moment is put into a field as the reader's clock shows it", () => {
  expect(localMoment(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe("2026-01-02T03:04");
});
