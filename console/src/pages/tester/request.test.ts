import { describe, expect, test } from "vitest";

import { asCurl, bytesOf, type Caught, hexDump, pretty, quoted, rawText } from "./request";

const URL_OF = "http://127.0.0.1:8080/t/abc";

function caught(change: Partial<Caught> = {}): Caught {
  return {
    number: 1,
    at: "2026-01-02T03:04:05.678Z",
    method: "POST",
    path: "/in",
    query: "a=1",
    http: "HTTP/1.1",
    headers: [
      ["host", "127.0.0.1:8080"],
      ["content-type", "text/plain"],
    ],
    body: { text: "it's 21.5", bytes: 9 },
    fault: "none",
    ...change,
  };
}

test("the raw text is the request as it stood on the wire", () => {
  expect(rawText(caught(), URL_OF)).toBe(
    "POST /t/abc/in?a=1 HTTP/1.1\nhost: 127.0.0.1:8080\ncontent-type: text/plain\n\nit's 21.5",
  );
});

describe("the curl command", () => {
  test("leaves out what curl writes by itself, and quotes the rest for a shell", () => {
    expect(asCurl(caught(), URL_OF)).toBe(
      `curl -X POST '${URL_OF}/in?a=1' \\\n  -H 'content-type: text/plain' \\\n  --data-binary 'it'\\''s 21.5'`,
    );
  });

  test("sends no body where there was none", () => {
    expect(asCurl(caught({ body: { text: "", bytes: 0 } }), URL_OF)).not.toContain("--data-binary");
  });

  test("decodes a binary body on its way", () => {
    const body = { text: "/wA=", binary: true, bytes: 2 };
    expect(asCurl(caught({ body }), URL_OF)).toMatch(/^echo \/wA= \| base64 -d \| curl /);
  });
});

test("no text can leave its quotes", () => {
  expect(quoted("a'; rm -rf / #")).toBe("'a'\\''; rm -rf / #'");
  expect(quoted("")).toBe("''");
  expect(quoted("$(id)")).toBe("'$(id)'");
});

test("hex shows sixteen bytes a line beside their text", () => {
  const dump = hexDump(bytesOf({ text: "Fieldhook caught\n", bytes: 17 }));
  expect(dump).toBe(
    "00000000  46 69 65 6c 64 68 6f 6f  6b 20 63 61 75 67 68 74  Fieldhook caught\n" +
      `00000010  0a${" ".repeat(21)}  ${" ".repeat(23)}  .`,
  );
  expect(bytesOf({ text: "/wA=", binary: true, bytes: 2 })).toEqual(new Uint8Array([255, 0]));
});

describe("a body made readable", () => {
  test("is JSON whatever its type says, when it parses", () => {
    expect(pretty({ text: '{"a":1}', bytes: 7 }, "text/plain")).toEqual({
      kind: "json",
      text: '{\n  "a": 1\n}',
    });
  });

  test("keeps numbers, keys and escapes as they were sent", () => {
    const text = '{"n":12345678901234567890,"n":1.50,"s":"a\\u00e9, {\\"b\\":[]}","e":{},"l":[ ]}';
    const shown =
      '{\n  "n": 12345678901234567890,\n  "n": 1.50,\n  "s": "a\\u00e9, {\\"b\\":[]}",\n  "e": {},\n  "l": []\n}';
    expect(pretty({ text, bytes: text.length })).toEqual({ kind: "json", text: shown });
  });

  test("is the pairs of a form", () => {
    expect(
      pretty({ text: "a=1+2&b=%C3%A9", bytes: 14 }, "application/x-www-form-urlencoded; charset=utf-8"),
    ).toEqual({
      kind: "form",
      pairs: [
        ["a", "1 2"],
        ["b", "é"],
      ],
    });
  });

  test("is nothing for other text and for bytes", () => {
    expect(pretty({ text: "{broken", bytes: 7 })).toBeUndefined();
    expect(pretty({ text: "/wA=", binary: true, bytes: 2 })).toBeUndefined();
  });
});
