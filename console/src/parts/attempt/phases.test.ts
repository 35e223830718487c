import { expect, test } from "vitest";

import { microseconds, scale, spans } from "./phases";

test("phases stand one behind the other; those that did not happen are left out", () => {
  const found = spans({ send_us: 100, wait_us: 1_500, receive_us: 50, total_us: 1_650 }, null);
  expect(found.map(({ phase, from, took }) => [phase, from, took])).toEqual([
    ["send", 0, 100],
    ["wait", 100, 1_500],
    ["receive", 1_600, 50],
  ]);
});

test("a phase that never ended lasts until the attempt was given up", () => {
  const found = spans({ connect_us: 1_000, send_us: 500, total_us: 20_000_000 }, "wait");
  expect(found.at(-1)).toMatchObject({ phase: "wait", from: 1_500, took: 19_998_500, stopped: true });
});

test("an attempt that was refused before anything happened has no phases", () => {
  expect(spans({ total_us: 0 }, "gate")).toEqual([]);
});

test("what comes near the deadline is shown against it, what is quick fills the bar", () => {
  expect(scale(2_000)).toEqual({ span: 2_000, deadline: false });
  expect(scale(5_000_000)).toEqual({ span: 21_000_000, deadline: true });
  expect(scale(0)).toEqual({ span: 1, deadline: false });
});

test.each([
  [85, "85 µs"],
  [2_037, "2.04 ms"],
  [12_345_678, "12.3 s"],
  [999_999, "1000 ms"],
])("%i microseconds read as %s", (value, text) => {
  expect(microseconds(value)).toBe(text);
});
