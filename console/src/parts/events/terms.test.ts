import { describe, expect, test } from "vitest";

import type { LiveEvent } from "../../api/shapes";
import { fits, forServer, isEmpty, termsOf } from "./terms";

const KITCHEN = "de0000000000000000000101";
const CELLAR = "de0000000000000000000102";
const NAMES = new Map([
  [KITCHEN, "Kitchen"],
  [CELLAR, "cellar"],
]);

function event(change: Partial<LiveEvent>): LiveEvent {
  return {
    id: "01a214f7-1feb-7216-9f0c-5019a0e7e564",
    name: "climate/reading",
    data: '{"celsius":21.5,"note":"Too warm"}',
    published_at: "2026-11-25T23:07:49.611Z",
    ttl: 60,
    coreid: KITCHEN,
    public: false,
    source: "http",
    ...change,
  };
}

function fit(text: string, change: Partial<LiveEvent> = {}, heardFor?: string): boolean {
  return fits(termsOf(text), { event: event(change), heardFor }, NAMES);
}

describe("reading a filter text", () => {
  test("words, keys and quotes are told apart", () => {
    expect(termsOf('alarm device:kitchen event:climate/ data:"too warm" "two words"')).toEqual({
      words: ["alarm", "two words"],
      device: ["kitchen"],
      event: ["climate/"],
      data: ["too warm"],
    });
  });

  test("a key that is still being typed asks for nothing", () => {
    expect(isEmpty(termsOf("device:"))).toBe(true);
    expect(isEmpty(termsOf('data:"'))).toBe(true);
    expect(isEmpty(termsOf("   "))).toBe(true);
  });

  test("a word with a colon that is no key is a word", () => {
    expect(termsOf("http://x 12:30").words).toEqual(["http://x", "12:30"]);
  });

  test("a quote that is not closed reaches to the end", () => {
    expect(termsOf('data:"too wa').data).toEqual(["too wa"]);
  });
});

describe("fitting a row", () => {
  test("a word is looked for in name, data and device, whatever its case", () => {
    expect([fit("READING"), fit("too"), fit("kitchen"), fit(KITCHEN.slice(-4))]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(fit("garage")).toBe(false);
  });

  test("an event term is a beginning, and upper and lower case count as they do for integrations", () => {
    expect(fit("event:climate/")).toBe(true);
    expect(fit("event:reading")).toBe(false);
    expect(fit("event:Climate/")).toBe(false);
  });

  test("terms of one kind are alternatives, different kinds add up", () => {
    expect(fit("event:truck/ event:climate/")).toBe(true);
    expect(fit("event:climate/ device:cellar")).toBe(false);
    expect(fit("warm reading")).toBe(true);
    expect(fit("warm garage")).toBe(false);
  });

  test("a reply that the server counts to the device fits although it does not name it", () => {
    const reply = { coreid: "particle-internal", name: "hook-response/x/0" };
    expect(fit("device:kitchen", reply)).toBe(false);
    expect(fit("device:kitchen", reply, KITCHEN)).toBe(true);
    expect(fit("device:cellar", reply, KITCHEN)).toBe(false);
  });

  test("an event without data fits no data term", () => {
    expect(fit("data:warm", { data: null })).toBe(false);
  });
});

describe("what the server filters", () => {
  test("one event term, and one device that is named for certain", () => {
    expect(forServer(termsOf("event:climate/ device:kitchen warm"), NAMES)).toEqual({
      name: "climate/",
      device: KITCHEN,
    });
    expect(forServer(termsOf(`device:${CELLAR.toUpperCase()}`), NAMES)).toEqual({ device: CELLAR });
  });

  test("not what is ambiguous or only a part", () => {
    expect(forServer(termsOf("event:a event:b device:kit"), NAMES)).toEqual({});
    const twice = new Map([...NAMES, ["de0000000000000000000103", "kitchen"]]);
    expect(forServer(termsOf("device:kitchen"), twice)).toEqual({});
  });
});
