// @vitest-environment node
import { describe, expect, it } from "vitest";

import { EMPTY, put, remove, set, setRaw } from "./edit";
import { JsonFault, plain, read } from "./json";
import { choose, formatOf, jsonOf, setJson } from "./payload";
import { Luck } from "./random";
import {
  answersOwnDevice,
  FLAGS,
  type FlagKey,
  flagOf,
  isOdd,
  pairs,
  parse,
  secretsOf,
  setFlag,
  setPairs,
  setSecrets,
  setText,
  type Template,
  type TextKey,
  textOf,
} from "./template";

function template(text: string): Template {
  const found = parse(text);
  if (found instanceof JsonFault) throw found;
  return found;
}

/** Each member of the outermost object, as it stands in the text. */
function written(text: string): [string, string][] {
  const root = read(text);
  if (root.kind !== "object") throw new Error("no object");
  return root.members.map(({ key, value }) => [key, text.slice(value.from, value.to)]);
}

const TEXTS: TextKey[] = [
  "name",
  "event",
  "url",
  "requestType",
  "deviceID",
  "body",
  "responseTopic",
  "signingSecret",
];

/** A template with known and unknown keys in any order, laid out in any way. */
function anyTemplate(luck: Luck): string {
  const keys = ["event", "url", "name", "headers", "query", "json", "form", "auth", "disabled", "noDefaults"];
  const template: Record<string, unknown> = {};
  for (const key of keys.toSorted(() => luck.next() - 0.5)) {
    if (luck.next() < 0.5) template[key] = luck.value(1);
    if (luck.next() < 0.3) template[`x-${luck.text()}`] = luck.value(1);
  }
  return JSON.stringify(template, null, luck.one([0, 1, 2, 4, "\t"]));
}

describe("a template in the form", () => {
  it("keeps every other key as it is written when one is changed, whatever the template", () => {
    const luck = new Luck(3);
    for (let round = 0; round < 300; round += 1) {
      const text = anyTemplate(luck);
      const key = luck.one(TEXTS);
      const value = luck.text();
      const changed = setText(template(text), key, value);
      const others = (members: [string, string][]) => members.filter(([name]) => name !== key);
      expect(others(written(changed)), text).toEqual(others(written(text)));
      const kept = value !== "" || ["event", "url", "body"].includes(key);
      expect(textOf(template(changed), key), text).toBe(kept ? value : undefined);
    }
  });

  it("keeps every other key when a flag, the headers or the secrets change", () => {
    const luck = new Luck(4);
    for (let round = 0; round < 200; round += 1) {
      const text = anyTemplate(luck);
      const flag = luck.one(Object.keys(FLAGS) as FlagKey[]);
      const wanted = luck.next() < 0.5;
      const flagged = setFlag(template(text), flag, wanted);
      expect(flagOf(template(flagged), flag)).toBe(wanted);
      const rows = [{ name: luck.text(), value: luck.text() }];
      const headed = setPairs(template(flagged), "headers", rows);
      const done = setSecrets(template(headed), ["KEY"]);
      expect(secretsOf(template(done))).toEqual(["KEY"]);
      const others = (members: [string, string][]) =>
        members.filter(([name]) => ![flag, "headers", "secrets"].includes(name));
      expect(others(written(done)), text).toEqual(others(written(text)));
    }
  });

  it("never fails to read a template, however odd its values", () => {
    const luck = new Luck(5);
    for (let round = 0; round < 200; round += 1) {
      const odd = template(anyTemplate(luck));
      for (const key of TEXTS) expect(isOdd(odd, key)).toBeTypeOf("boolean");
      expect(formatOf(odd)).toMatch(/^(form|json|query|body)$/);
      expect(() => [jsonOf(odd), pairs(odd, "headers"), secretsOf(odd)]).not.toThrow();
    }
  });

  it("keeps numbers digit by digit and the author's layout", () => {
    const text = '{\n\t"id": 12345678901234567890,\n\t"2": 1, "1": 2,\n\t"url": "a"\n}';
    expect(setText(template(text), "url", "b")).toBe(text.replace('"a"', '"b"'));
    expect(setText(template(text), "name", "n")).toBe(text.replace('"a"\n', '"a",\n\t"name": "n"\n'));
  });

  it("writes an older spelling where the template has it", () => {
    const text = '{"eventName": "a", "deviceid": "b"}';
    expect(setText(template(text), "event", "c")).toBe('{"eventName": "c", "deviceid": "b"}');
    expect(setText(template(text), "deviceID", "")).toBe('{"eventName": "a"}');
  });

  it("keeps a number among the headers a number until it is typed over", () => {
    const text = '{"headers": {"2": 5, "1": "x", "n": null}}';
    const rows = pairs(template(text), "headers");
    expect(rows).toEqual([
      { name: "2", value: "5", raw: "5" },
      { name: "1", value: "x" },
      { name: "n", value: "", raw: "null" },
    ]);
    const done = setPairs(template(text), "headers", rows);
    expect(written(written(done)[0]![1]).map(([, raw]) => raw)).toEqual(["5", '"x"', "null"]);
  });

  it("says where a text is no template, and that a list is none", () => {
    expect(parse('{\n  "event": "a",\n}')).toMatchObject({ line: 3, column: 1 });
    expect(parse("[]")).toBeInstanceOf(JsonFault);
  });
});

describe("the format of a request", () => {
  it("is told by what the template carries", () => {
    for (const [text, format] of [
      ["{}", "form"],
      ['{"requestType": "get"}', "query"],
      ['{"query": {"a": "b"}}', "query"],
      ['{"query": {"a": "b"}, "form": {}}', "form"],
      ['{"json": "x"}', "json"],
      ['{"body": ""}', "body"],
      ['{"json": null}', "form"],
    ] as const) {
      expect(formatOf(template(text)), text).toBe(format);
    }
  });

  it("can be changed there and back without losing what was written", () => {
    const text = '{"event": "a", "json": {"v": "{{{v}}}"}, "mine": 1}';
    const there = choose(template(text), "body", {});
    expect(plain(read(there.text))).toEqual({ event: "a", mine: 1, body: "" });
    const back = choose(template(there.text), "json", there.shelf);
    expect(plain(read(back.text))).toEqual({ event: "a", mine: 1, json: { v: "{{{v}}}" } });
  });

  it("is what was chosen, from any template", () => {
    const luck = new Luck(6);
    for (let round = 0; round < 300; round += 1) {
      const format = luck.one(["form", "json", "query", "body"] as const);
      expect(formatOf(template(choose(template(anyTemplate(luck)), format, {}).text))).toBe(format);
    }
  });
});

describe("json", () => {
  it("is an object when its text is one, and one text meanwhile", () => {
    const half = setJson(template(EMPTY), '{"a": ', "values");
    expect(jsonOf(template(half))).toEqual({ mode: "text", text: '{"a": ' });
    const whole = setJson(template(half), '{\n  "a": [1]\n}', "values");
    expect(jsonOf(template(whole))).toEqual({ mode: "values", text: '{\n  "a": [1]\n}' });
    expect(plain(read(whole))).toMatchObject({ json: { a: [1] } });
  });

  it("stays one text when that is wanted, though it be an object", () => {
    expect(jsonOf(template(setJson(template(EMPTY), "{}", "text")))).toEqual({ mode: "text", text: "{}" });
  });
});

describe("the text of a template", () => {
  it("has a key put in and taken out without a trace", () => {
    for (const text of [EMPTY, '{"a":1}', '{"a": 1, "b": 2}', '{\n    "a": 1\n}', "{}"]) {
      const there = set(text, "new", { deep: [1] });
      expect(plain(read(there))).toMatchObject({ new: { deep: [1] } });
      const back = remove(there, "new");
      expect(back.replace(/^\{\s+\}$/, "{}")).toBe(text);
    }
  });

  it("loses a key wherever it stands, however often", () => {
    expect(plain(read(remove('{"a":1,"b":2,"a":3}', "a")))).toEqual({ b: 2 });
    expect(plain(read(put('{"b": 2, "a": 1}', "a", undefined)))).toEqual({ b: 2 });
    expect(setRaw('{"a": 1, "a": 2}', "a", "3")).toBe('{"a": 1, "a": 3}');
  });
});

describe("who receives the response", () => {
  it("is the device itself unless the topic leaves its id out", () => {
    expect(answersOwnDevice(template("{}"))).toBe(true);
    expect(answersOwnDevice(template('{"responseTopic": "hook-response/x"}'))).toBe(false);
    expect(answersOwnDevice(template('{"responseTopic": "{{{PARTICLE_DEVICE_ID}}}/x"}'))).toBe(true);
  });
});
