import { expect, test } from "vitest";

import { csv } from "./csv";

test("texts are quoted with their quotes doubled, numbers are bare", () => {
  expect(
    csv([
      ["name", "operations"],
      ['a "b", c\nd', 12],
    ]),
  ).toBe('"name","operations"\r\n"a ""b"", c\nd",12\r\n');
});

test("no name becomes a formula", () => {
  for (const name of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "%0A"]) {
    expect(csv([[name]])).toBe(`"'${name}"\r\n`);
  }
});

test("a negative number is a number", () => {
  expect(csv([[-1, "a-b"]])).toBe('-1,"a-b"\r\n');
});
