import { expect, test } from "vitest";

import type { Schemas } from "../../api/client";
import { sorted, verdictOf } from "./reasons";

type Line = Schemas["TraceLine"];

function line(name: string, reason: object): Line {
  return { integration: name, explanation: "", prefix: "p", scope: "product:1", name, ...reason } as Line;
}

const FIRED = line("fired", { reason: "fired" });
const TYPO = line("typo", { reason: "prefix", nearest: { kind: "edits", distance: 1, head: "clinate" } });
const OTHER = line("other", { reason: "prefix" });
const OFF = line("off", { reason: "disabled", since: "2026-11-25T00:00:00Z" });

test("what fired is told from what was meant to and from what has to do with other events", () => {
  const { fired, close, others } = sorted([OTHER, FIRED, TYPO, OFF]);
  expect([fired, close, others]).toEqual([[FIRED], [TYPO, OFF], [OTHER]]);
});

test("a near miss says how near", () => {
  expect(verdictOf(TYPO)).toBe("Nearly: a typo");
  expect(verdictOf(OTHER)).toBe("Other name");
  expect(verdictOf(OFF)).toBe("Switched off");
});
