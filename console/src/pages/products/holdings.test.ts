import { expect, test } from "vitest";

import { held } from "./holdings";

test("a scope that the answer does not name holds nothing, and one not yet answered is unknown", () => {
  const counts = new Map([["product:7", 3]]);
  expect(held(counts, "product:7")).toBe("3");
  expect(held(counts, "org:8")).toBe("0");
  expect(held(undefined, "product:7")).toBe("–");
});
