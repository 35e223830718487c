import type { Schemas } from "../../api/client";

type Line = Schemas["TraceLine"];

const WORD: Record<Line["reason"], string> = {
  fired: "Fired",
  test: "Only a test",
  prefix: "Other name",
  scope: "Other scope",
  claim: "Not claimed",
  "device-filter": "Other device",
  disabled: "Switched off",
  reserved: "Reserved name",
  "loop-guard": "Is a reply",
  "not-listed": "Product not listed",
  "not-then": "Saved later",
};

const NEAR: Record<Schemas["NearMiss"]["kind"], string> = {
  case: "Nearly: letter case",
  space: "Nearly: a space",
  slash: "Nearly: a slash",
  reversed: "Nearly: too long",
  edits: "Nearly: a typo",
};

/** The outcome of one row of the match trace, in two or three words. */
export function verdictOf(line: Line): string {
  const near = nearMiss(line);
  return near ? NEAR[near.kind] : WORD[line.reason];
}

/** How the event's name nearly fits, where it does. */
export function nearMiss(line: Line): Schemas["NearMiss"] | undefined {
  return line.reason === "prefix" ? (line.nearest ?? undefined) : undefined;
}

/**
 * The rows of a trace by how much they say: those that fired, those that were meant to (a name nearly right, or
 * right and kept back by something), and those that have to do with other events.
 */
export function sorted(trace: Line[]): { fired: Line[]; close: Line[]; others: Line[] } {
  const isOther = (line: Line) => line.reason === "prefix" && !nearMiss(line);
  return {
    fired: trace.filter(({ reason }) => reason === "fired"),
    close: trace.filter((line) => line.reason !== "fired" && !isOther(line)),
    others: trace.filter(isOther),
  };
}
