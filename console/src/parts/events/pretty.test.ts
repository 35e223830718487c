import { expect, test } from "vitest";

import { pretty } from "./pretty";

test("JSON is broken into lines", () => {
  expect(pretty('{"a":1,"b":[true,{"c":null}],"d":{},"e":[ ]}')).toBe(
    [
      "{",
      '  "a": 1,',
      '  "b": [',
      "    true,",
      "    {",
      '      "c": null',
      "    }",
      "  ],",
      '  "d": {},',
      '  "e": []',
      "}",
    ].join("\n"),
  );
});

test("numbers and texts stay as they were sent", () => {
  expect(pretty('{"v":1.10,"id":12345678901234567890,"e":1E3,"t":"a, {b}: \\"c\\" \\u00e9 [ ]"}')).toBe(
    '{\n  "v": 1.10,\n  "id": 12345678901234567890,\n  "e": 1E3,\n  "t": "a, {b}: \\"c\\" \\u00e9 [ ]"\n}',
  );
});

test("what is no structure of JSON is left alone", () => {
  for (const text of ["", "21.5", '"text"', "{broken", "{'a':1}", "null"])
    expect(pretty(text)).toBeUndefined();
});
