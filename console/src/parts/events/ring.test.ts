import { expect, test } from "vitest";

import type { LiveEvent } from "../../api/shapes";
import { clear, EMPTY, fill, hold, KEPT, type Row, take } from "./ring";

function rows(...ids: number[]): Row[] {
  return ids.map((id) => ({ event: { id: String(id) } as LiveEvent }));
}

function ids(list: readonly Row[]): number[] {
  return list.map(({ event }) => Number(event.id));
}

test("the newest stands first", () => {
  const ring = take(take(EMPTY, rows(1, 2)), rows(3));
  expect(ids(ring.shown)).toEqual([3, 2, 1]);
});

test("while held nothing moves, and what waits is counted and comes in later", () => {
  const held = take(take(hold(take(EMPTY, rows(1)), true), rows(2)), rows(3));
  expect(ids(held.shown)).toEqual([1]);
  expect(held.waitingCount).toBe(2);

  const going = hold(held, false);
  expect(ids(going.shown)).toEqual([3, 2, 1]);
  expect(going.waitingCount).toBe(0);
});

test("no more rows are kept than the limit, shown or waiting, but all are counted", () => {
  const many = rows(...Array.from({ length: KEPT + 5 }, (_, id) => id));
  expect(ids(take(EMPTY, many).shown).slice(0, 2)).toEqual([KEPT + 4, KEPT + 3]);
  expect(take(EMPTY, many).shown).toHaveLength(KEPT);

  const held = take(take(hold(EMPTY, true), many), rows(9_999));
  expect(held.waiting).toHaveLength(KEPT);
  expect(ids(held.waiting)[0]).toBe(9_999);
  expect(held.waitingCount).toBe(KEPT + 6);
});

test("stored events go where they belong by age, each once", () => {
  const ring = fill(take(EMPTY, rows(4, 5)), rows(4, 3, 2));
  expect(ids(ring.shown)).toEqual([5, 4, 3, 2]);
  expect(fill(ring, rows(2))).toBe(ring);
  expect(ids(fill(take(EMPTY, rows(1, 4)), rows(3, 2)).shown)).toEqual([4, 3, 2, 1]);
});

test("clearing forgets what waits too, and keeps holding", () => {
  const held = take(hold(take(EMPTY, rows(1)), true), rows(2));
  expect(clear(held)).toEqual({ ...EMPTY, held: true });
});
