import { expect, test } from "vitest";

import { bodyText, requestText, responseText } from "./wire";

test("a request reads as it does on the wire, host included", () => {
  const headers: [string, string][] = [["Content-Type", "text/plain"]];
  const body = { text: "21.5", bytes: 4 };
  expect(requestText({ method: "POST", url: "https://example.com:8443/in?a=b", headers, body })).toBe(
    "POST /in?a=b HTTP/1.1\nHost: example.com:8443\nContent-Type: text/plain\n\n21.5",
  );
  expect(requestText({ method: "GET", url: "http://h?q", headers: [] })).toBe(
    "GET /?q HTTP/1.1\nHost: h\n\n",
  );
});

test("an answer reads as it does on the wire", () => {
  const body = { text: "ok", bytes: 2 };
  expect(responseText({ status: 200, headers: [["date", "now"]], body })).toBe(
    "HTTP/1.1 200\ndate: now\n\nok",
  );
});

test("a body that was cut or is no text says so", () => {
  expect(bodyText({ text: "ok", bytes: 9, cut: true })).toBe("ok\n[cut here; 9 bytes in all]");
  expect(bodyText({ text: "AAEC", bytes: 3, binary: true })).toBe("[3 bytes that are not text]");
});
