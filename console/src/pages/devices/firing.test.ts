import { expect, test } from "vitest";

import { judged, scopesFor } from "./firing";

const ADA = "6b0766a1a6c3ad6e22da014c";

test("what fires comes first, then by event name", () => {
  const of = (id: string, event: string, keys = {}) => ({ id, event, scope: `user:${ADA}`, ...keys });
  const standing = { device: "de0000000000000000000101", owner: ADA, product: undefined };
  const off = { disabled_since: "2026-11-25T00:00:00Z" };
  const order = judged([of("1", "a", off), of("2", "c"), of("3", "b")], standing);
  expect(order.map(({ integration }) => integration.id)).toEqual(["3", "2", "1"]);
});

test("only scopes that there are get asked", () => {
  expect(scopesFor(ADA, undefined, undefined)).toHaveLength(1);
  expect(scopesFor(ADA, 7, "6b0766a1a6c3ad6e22da0000").map(({ kind }) => kind)).toEqual([
    "me",
    "product",
    "org",
  ]);
});
