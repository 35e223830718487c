import { expect, test } from "vitest";

import { curl } from "./curl";
import { postman } from "./postman";

const request = (facts: object = {}) => ({
  method: "POST",
  url: "https://example.com:8443/in/box?a=1&b=x%20y",
  headers: [
    ["Content-Type", "application/json"],
    ["Content-Length", "9"],
    ["Authorization", "Bearer [[SENSITIVE]]"],
  ] as [string, string][],
  body: { text: `{"a":"it's"}`, bytes: 12 },
  ...facts,
});

test("a request copied as curl survives the shell, quotes and all", () => {
  expect(curl(request())).toBe(
    [
      "curl -X POST 'https://example.com:8443/in/box?a=1&b=x%20y'",
      "-H 'Content-Type: application/json'",
      "-H 'Authorization: Bearer [[SENSITIVE]]'",
      String.raw`--data-raw '{"a":"it'\''s"}'`,
    ].join(" \\\n  "),
  );
});

test("hostile data cannot leave its quotes", () => {
  const hostile = "'; rm -rf ~ #";
  expect(curl(request({ headers: [], body: { text: hostile, bytes: 13 } }))).toContain(
    String.raw`--data-raw ''\''; rm -rf ~ #'`,
  );
});

test("a body that is no text is piped in from base64; a request without one has none", () => {
  expect(curl(request({ headers: [], body: { text: "AAEC", bytes: 3, binary: true } }))).toMatch(
    /^echo 'AAEC' \| base64 -d \| curl .*--data-binary @-$/s,
  );
  expect(curl(request({ method: "GET", headers: [], body: null }))).not.toContain("--data");
});

test("a Postman collection holds the address in its parts and the body in its language", () => {
  const { info, item } = JSON.parse(postman("Alarm", request()));
  expect(info.schema).toContain("v2.1.0");
  expect(item[0].request.url).toEqual({
    raw: "https://example.com:8443/in/box?a=1&b=x%20y",
    protocol: "https",
    host: ["example", "com"],
    port: "8443",
    path: ["in", "box"],
    query: [
      { key: "a", value: "1" },
      { key: "b", value: "x y" },
    ],
  });
  expect(item[0].request.body).toEqual({
    mode: "raw",
    raw: `{"a":"it's"}`,
    options: { raw: { language: "json" } },
  });
});

test("a form becomes Postman's table of fields", () => {
  const headers = [["content-type", "application/x-www-form-urlencoded"]];
  const { item } = JSON.parse(postman("Form", request({ headers, body: { text: "a=1&b=%26", bytes: 9 } })));
  expect(item[0].request.body.urlencoded).toEqual([
    { key: "a", value: "1" },
    { key: "b", value: "&" },
  ]);
});
