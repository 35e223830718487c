import { expect, test } from "vitest";

import { inWords, rateOf, recent } from "./rate";

test("a rate is of the last five seconds", () => {
  const batches = [
    { at: 1_000, came: 999, leftOut: 0 },
    { at: 8_000, came: 50, leftOut: 2_450 },
    { at: 9_000, came: 50, leftOut: 2_450 },
  ];
  expect(rateOf(batches, 0, 10_000)).toEqual({ shown: 20, all: 1_000 });
  expect(recent(batches, 10_000)).toHaveLength(2);
});

test("a stream that has just opened is measured by the time it has been open, a second at least", () => {
  expect(rateOf([{ at: 1_500, came: 10, leftOut: 0 }], 1_000, 3_000)).toEqual({ shown: 5, all: 5 });
  expect(rateOf([{ at: 1_050, came: 10, leftOut: 0 }], 1_000, 1_100)).toEqual({ shown: 10, all: 10 });
});

test("it says when it is only a sample", () => {
  expect(inWords({ shown: 200, all: 9_870 })).toBe("Showing a sample: 200 of 9,870 events/s");
  expect(inWords({ shown: 12, all: 12 })).toBe("12 events/s");
  expect(inWords({ shown: 0.4, all: 0.4 })).toBe("0.4 events/s");
  expect(inWords({ shown: 0, all: 0 })).toBe("No events in the last seconds");
});
