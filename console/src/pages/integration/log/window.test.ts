import { expect, test } from "vitest";

import { begun, grown, height, locate, unseen, within } from "./window";

const rows = (...ids: string[]) => ids.map((id) => ({ id }));
const three = grown(grown(begun(100, "b"), "b", 100, "c"), "c", 40, null);

test("a row behind what is known stands for the rest, until the end is found", () => {
  expect(height(begun(100, "b"))).toBe(101);
  expect(height(three)).toBe(240);
  expect(height(begun(0, null))).toBe(0);
});

test("every row stands on one page, in order", () => {
  expect(locate(three, 0)).toEqual({ cursor: "", at: 0 });
  expect(locate(three, 100)).toEqual({ cursor: "b", at: 0 });
  expect(locate(three, 239)).toEqual({ cursor: "c", at: 39 });
  expect(locate(three, 240)).toBeNull();
  expect(locate(begun(100, "b"), 100)).toEqual({ cursor: "b", at: 0 });
});

test("only the pages in sight are asked for", () => {
  expect(within(three, 0, 30)).toEqual([""]);
  expect(within(three, 90, 110)).toEqual(["", "b"]);
  expect(within(three, 230, 239)).toEqual(["c"]);
  expect(within(begun(100, "b"), 80, 100)).toEqual(["", "b"]);
});

test("a page that came twice, or late, changes nothing", () => {
  expect(grown(three, "b", 100, "c")).toBe(three);
  expect(grown(begun(100, "b"), "x", 100, "c")).toEqual(begun(100, "b"));
});

test("new rows are counted down to the first that is shown", () => {
  expect(unseen(rows("4", "3", "2"), rows("2", "1"))).toEqual({ rows: 2, more: false });
  expect(unseen(rows("9", "8", "7"), rows("2", "1"))).toEqual({ rows: 3, more: true });
  expect(unseen(rows("2", "1"), rows("2", "1"))).toEqual({ rows: 0, more: false });
  expect(unseen(rows("1"), [])).toEqual({ rows: 1, more: false });
});
