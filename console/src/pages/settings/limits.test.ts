import { expect, test } from "vitest";

import { isSecretName } from "./limits";

test("a secret is called by what can stand in a tag", () => {
  expect(["API_KEY", "a-1", "x".repeat(64)].every(isSecretName)).toBe(true);
  expect(["", "a b", "a.b", "{{a}}", "é", "x".repeat(65)].some(isSecretName)).toBe(false);
});
