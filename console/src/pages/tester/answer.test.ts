import { describe, expect, test } from "vitest";

import { alike, described, ordinal, whenDescribed } from "./answer";
import { presets } from "./presets";

describe("an answer in words", () => {
  test("leads with the status and what delays it", () => {
    expect(described({ status: 503, delay_ms: 2_000 })).toBe("503 Service Unavailable after 2.00 s");
    expect(described({ status: 599 })).toBe("599");
  });

  test("names what is unusual about it", () => {
    const answer = { status: 429, headers: [["retry-after", "30"]] as [string, string][], body_bytes: 5_120 };
    expect(described(answer)).toBe("429 Too Many Requests, Retry-After: 30, 5,120 B of filler");
    expect(described({ drip: { bytes: 4, every_ms: 500 } })).toBe("200 OK, 4 B every 500 ms");
    expect(described({ fault: "cut_body" })).toBe("200 OK, close before the end");
  });

  test("claims no status where none is sent", () => {
    expect(described({ status: 200, fault: "hang" })).toBe("never answers");
    expect(described({ status: 200, fault: "reset_before", delay_ms: 500 })).toBe(
      "resets the connection after 500 ms",
    );
  });
});

test("a rule says all of its conditions", () => {
  expect(whenDescribed({ every: 3, method: "post", body: "x" })).toBe("every 3rd, POST, body contains “x”");
  expect(whenDescribed({ header: { name: "X-A" } })).toBe("has header X-A");
  expect(whenDescribed({ path: "/v2", header: { name: "X-A", contains: "1" } })).toBe(
    "path contains “/v2”, header X-A contains “1”",
  );
});

test("ordinals end as people say them", () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal)).toEqual([
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "13th",
    "21st",
    "102nd",
    "111th",
  ]);
});

describe("settings that answer alike", () => {
  test("may leave out what the server takes for granted", () => {
    const printed = { status: 200, headers: [], delay_ms: 0, fault: "none" as const, rules: [] };
    expect(alike(printed, {})).toBe(true);
    expect(alike({ drip: { bytes: 4 } }, { drip: { bytes: 4, every_ms: 1_000 } })).toBe(true);
  });

  test("differ by any rule or any part of the answer", () => {
    expect(alike({}, { rules: [{ when: { every: 2 }, answer: {} }] })).toBe(false);
    expect(alike({ body: "a" }, { body: "b" })).toBe(false);
  });
});

test("every preset is different from every other, so that one is shown as chosen", () => {
  const all = presets("http://host/t/x").flatMap(({ items }) => items);
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) {
      expect(alike(one.settings, other.settings), `${one.label} and ${other.label}`).toBe(false);
    }
  }
});
