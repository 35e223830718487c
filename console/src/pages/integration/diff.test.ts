import { expect, test } from "vitest";

import { diff, type DiffLine, lines, nearChanges } from "./diff";

const shown = (found: (DiffLine | null)[]) =>
  found.map((line) => (line === null ? "…" : `${{ both: " ", old: "-", new: "+" }[line.side]}${line.text}`));

test("only what changed is marked", () => {
  expect(shown(diff(["a", "b", "c"], ["a", "x", "c", "d"]))).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(shown(diff([], ["a"]))).toEqual(["+a"]);
  expect(shown(diff(["a"], []))).toEqual(["-a"]);
});

test("the order of keys is no change", () => {
  expect(lines({ b: { d: 1, c: [2] }, a: null })).toEqual(lines({ a: null, b: { c: [2], d: 1 } }));
});

test("lines far from any change are left out", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8"];
  const after = ["1", "2", "3", "4", "5", "6", "seven", "8"];
  expect(shown(nearChanges(diff(before, after), 1))).toEqual(["…", " 6", "-7", "+seven", " 8"]);
});

test("two equal templates differ in nothing", () => {
  expect(nearChanges(diff(["a", "b"], ["a", "b"]))).toEqual([null]);
});
