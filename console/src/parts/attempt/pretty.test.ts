import { expect, test } from "vitest";

import { pretty } from "./pretty";

test("JSON is indented as JSON.stringify would", () => {
  const value = { a: [1, { b: 'say "hi", {you}' }, []], c: {}, d: null, e: -1.5e3, f: [[true]] };
  expect(pretty(JSON.stringify(value))).toEqual({ as: "json", text: JSON.stringify(value, null, 2) });
});

test("numbers that JavaScript would round and keys that repeat are shown as they came", () => {
  expect(pretty('{"id":12345678901234567890,"id":1.0}')).toEqual({
    as: "json",
    text: '{\n  "id": 12345678901234567890,\n  "id": 1.0\n}',
  });
});

test("a form is shown field by field, decoded", () => {
  expect(pretty("event=a%2Fb&data=", "application/x-www-form-urlencoded; charset=utf-8")).toEqual({
    as: "form",
    fields: [
      ["event", "a/b"],
      ["data", ""],
    ],
  });
});

test("what claims to be JSON and is none is shown as it is", () => {
  expect(pretty('{"a":NaN}', "application/json")).toEqual({ as: "text", text: '{"a":NaN}' });
  expect(pretty("<html>", "application/json")).toEqual({ as: "text", text: "<html>" });
});
