import { expect, test } from "vitest";

import { asCurl, bytesOf, type Caught, hexDump, rawText } from "./request";

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

test("the curl command sends the same to the same path below the endpoint", () => {
  expect(asCurl(caught(), URL_OF)).toBe(
    `curl -X POST '${URL_OF}/in?a=1' \\\n  -H 'content-type: text/plain' \\\n  --data-raw 'it'\\''s 21.5'`,
  );
});

test("a body that is no text is not passed off as one", () => {
  const body = { text: "/wA=", binary: true, bytes: 2 };
  expect(rawText(caught({ body }), URL_OF)).toMatch(/\n\n\(2 bytes that are not text\)$/);
  expect(rawText(caught({ body: { text: "abc", bytes: 9_000, cut: true } }), URL_OF)).toMatch(
    /\n\nabc\n\(cut: the body has 9000 bytes\)$/,
  );
});

test("hex shows sixteen bytes a line beside their text", () => {
  const dump = hexDump(bytesOf({ text: "Fieldhook caught\n", bytes: 17 }));
  expect(dump).toBe(
    "00000000  46 69 65 6c 64 68 6f 6f  6b 20 63 61 75 67 68 74  Fieldhook caught\n" +
      `00000010  0a${" ".repeat(21)}  ${" ".repeat(23)}  .`,
  );
  expect(bytesOf({ text: "/wA=", binary: true, bytes: 2 })).toEqual(new Uint8Array([255, 0]));
});
