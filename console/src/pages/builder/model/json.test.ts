// @vitest-environment node
import { describe, expect, it } from "vitest";

import { JsonFault, laidOut, member, plain, placeInside, read } from "./json";
import { Luck } from "./random";

function fault(text: string): JsonFault {
  try {
    read(text);
  } catch (found) {
    if (found instanceof JsonFault) return found;
  }
  throw new Error(`${text} was read`);
}

/** What a reader makes of a text: the value, or that it refuses. */
function outcome(reads: () => unknown): unknown {
  try {
    return { value: reads() };
  } catch (found) {
    if (found instanceof JsonFault || found instanceof SyntaxError) return "refused";
    throw found;
  }
}

describe("the reader of JSON", () => {
  it("reads what JSON.parse reads, to the same value", () => {
    const luck = new Luck(1);
    for (let round = 0; round < 500; round += 1) {
      const value = luck.value();
      const text = JSON.stringify(value, null, luck.one([0, 2, "\t"]));
      expect(plain(read(text)), text).toEqual(value);
    }
  });

  it("refuses what JSON.parse refuses", () => {
    const luck = new Luck(2);
    for (let round = 0; round < 2_000; round += 1) {
      const whole = JSON.stringify(luck.value());
      const at = luck.below(whole.length + 1);
      const text =
        whole.slice(0, at) +
        luck.one(['"', "{", "}", ",", ":", "[", "]", "1", "x", "\\", ""]) +
        whole.slice(at + 1);
      expect(
        outcome(() => plain(read(text))),
        text,
      ).toEqual(outcome(() => JSON.parse(text)));
    }
  });

  it("lays a value out as JSON.stringify does, but keeps digits and the order of keys", () => {
    const luck = new Luck(7);
    for (let round = 0; round < 200; round += 1) {
      const text = JSON.stringify(luck.value());
      expect(laidOut(text, read(text))).toBe(JSON.stringify(JSON.parse(text), null, 2));
    }
    const text = '{"2":12345678901234567890,"1":1.0}';
    expect(laidOut(text, read(text))).toBe('{\n  "2": 12345678901234567890,\n  "1": 1.0\n}');
  });

  it("says on which line and in which column a text stops being JSON", () => {
    for (const [text, line, column, says] of [
      ['{\n  "a": 1,\n}', 3, 1, "key"],
      ['{"a" 1}', 1, 6, "colon"],
      ['{"a": {{x}}}', 1, 8, "key"],
      ['{\n"a": "b\n}', 2, 6, "never closed"],
      ['{"a": tru}', 1, 7, "tru"],
      ["[1,]", 1, 4, "value is missing"],
      ["{} x", 1, 4, "follows"],
      ["", 1, 1, "value is missing"],
    ] as const) {
      const found = fault(text);
      expect([found.line, found.column], text).toEqual([line, column]);
      expect(found.message).toContain(says);
    }
  });

  it("does not run out of stack on endless nesting", () => {
    expect(fault("[".repeat(100_000)).message).toContain("200 levels");
  });

  it("takes the last of several members of one name, as the server does", () => {
    expect(member(read('{"a": 1, "a": 2}'), "a")).toMatchObject({ value: 2 });
  });

  it("finds a character of a text behind its escapes", () => {
    const text = '{"json": "{\\n  \\"a\\": {{b}}"}';
    const node = member(read(text), "json")!;
    expect(text.slice(placeInside(text, node, 2, 8))).toMatch(/^\{\{b/);
  });
});
