// @vitest-environment node
import { describe, expect, it } from "vitest";

import { fieldsOf, sizeOf, toggled } from "./answer";
import { withValuesOf } from "./fixed";
import { namesIn, tagsIn, unescapedStrings } from "./tags";
import { type SampleEvent, valueIn, variablesOf } from "./variables";

const EVENT: SampleEvent = {
  id: "01a214e9-31aa-7d7c-b502-35cdd978d926",
  name: "temp/kitchen",
  data: '{"celsius":21.5,"note":"a \\"b\\"","c":[{"ca":7}],"none":null}',
  coreid: "0123456789abcdef01234567",
  published_at: "2026-01-02T03:04:05.678Z",
  product: 42,
};

describe("variables", () => {
  it("are the members of the data, nested ones by path, and what every event has", () => {
    const found = Object.fromEntries(variablesOf(EVENT).map(({ name, value }) => [name, value]));
    expect(found).toMatchObject({ celsius: "21.5", "c.0.ca": "7", c: '[{"ca":7}]', PRODUCT_ID: "42" });
    expect(found["PARTICLE_EVENT_JSON"]).toContain('"event":"temp/kitchen"');
  });

  it("have one value each, built-in names first, old names too", () => {
    expect(valueIn({ ...EVENT, data: { PRODUCT_ID: 1 } }, "PRODUCT_ID")).toBe("42");
    expect(valueIn(EVENT, "SPARK_EVENT_NAME")).toBe("temp/kitchen");
    expect(valueIn(EVENT, "SPARK_CORE_ID")).toBe("0123456789abcdef01234567");
    expect(valueIn(EVENT, "none")).toBeUndefined();
    expect(valueIn(EVENT, "c.0.cb")).toBeUndefined();
  });

  it("are written as the server writes them: whole numbers digit by digit, fractions as such", () => {
    const event = { name: "t", data: '{"a":13.0,"b":12345678901234567890,"c":13.50,"d":[1.0,"x"],"e":true}' };
    const value = (name: string) => valueIn(event, name);
    expect(["a", "b", "c", "d", "e"].map(value)).toEqual([
      "13.0",
      "12345678901234567890",
      "13.5",
      '[1.0,"x"]',
      "true",
    ]);
  });

  it("are only built in when the data is text, also text that is a number", () => {
    expect(variablesOf({ name: "t", data: "21" }).every(({ origin }) => origin === "built in")).toBe(true);
  });
});

describe("tags", () => {
  it("are told by what they do", () => {
    const text = "{{a}} {{{b}}} {{& c }} {{#d}}x{{/d}} {{! e }} {{ f.0.g }}";
    expect(tagsIn(text).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "escaped a",
      "raw b",
      "raw c",
      "section d",
      "section d",
      "comment e",
      "escaped f.0.g",
    ]);
    expect(namesIn(text)).toEqual(["a", "b", "c", "d", "f.0.g"]);
  });

  it("inside the quotes of a JSON text are named when a value could break them", () => {
    const json =
      '{"a": "{{{note}}}", "b": {{{celsius}}}, "c": "\\"{{{x}}}", "d": "{{{PARTICLE_EVENT_ID}}} {{y}}"}';
    expect(unescapedStrings(json)).toEqual(["note", "x"]);
  });
});

describe("a template with the values of one event", () => {
  it("has no variable left, and is otherwise as it was", () => {
    const text =
      '{"event": "temp", "url": "https://e.com/{{note}}/{{PRODUCT_ID}}", "json": {"{{note}}": "{{{celsius}}}"}, "x": "{{a}}"}';
    const { text: done, replaced, kept } = withValuesOf(text, EVENT, []);
    expect(JSON.parse(done)).toEqual({
      event: "temp",
      url: "https://e.com/a%20%22b%22/42",
      json: { "a &quot;b&quot;": "21.5" },
      x: "{{a}}",
    });
    expect([replaced, kept]).toEqual([4, []]);
  });

  it("keeps secrets and sections, and says so", () => {
    const text = '{"headers": {"A": "Bearer {{{KEY}}}"}, "body": "{{#c}}{{ca}}{{/c}}"}';
    expect(withValuesOf(text, EVENT, ["KEY"])).toEqual({ text, replaced: 0, kept: ["KEY", "c", "ca"] });
  });
});

describe("an answer", () => {
  it("costs one operation for each part of 512 bytes", () => {
    expect(sizeOf("x".repeat(5_120), false)).toEqual({ bytes: 5_120, operations: 10 });
    expect(sizeOf("x".repeat(513), false).operations).toBe(2);
    expect(sizeOf("é", false)).toEqual({ bytes: 2, operations: 1 });
    expect(sizeOf("", false).operations).toBe(0);
    expect(sizeOf("x".repeat(5_120), true).operations).toBe(1);
    expect(sizeOf("x".repeat(1_000_000), false).operations).toBe(200);
  });

  it("has fields by path, when it is JSON", () => {
    expect(fieldsOf('{"a":{"b":[1,null]}}')).toEqual([
      { path: "a.b.0", value: "1" },
      { path: "a.b.1", value: "null" },
    ]);
    expect(fieldsOf("<html>")).toBeUndefined();
    expect(fieldsOf("5")).toBeUndefined();
  });

  it("gives its fields to the template and takes them back", () => {
    const [a, b] = [
      { path: "a", value: "1" },
      { path: "b.c", value: "x" },
    ];
    const two = toggled(toggled("", a), b);
    expect(two).toBe("{{{a}}}~{{{b.c}}}");
    expect([toggled(two, a), toggled(two, b)]).toEqual(["{{{b.c}}}", "{{{a}}}"]);
    expect(toggled("{{a}}", a)).toBe("");
  });

  it("gives its fields to an object as members, texts in quotes", () => {
    const [a, b] = [
      { path: "a", value: "1" },
      { path: "b.c", value: "x" },
    ];
    const one = toggled('{"z":1}', a);
    const two = toggled(one, b);
    expect(two).toBe('{"z":1,"a":{{{a}}},"c":"{{{b.c}}}" }');
    expect(toggled(toggled(two, a), b)).toBe('{"z":1 }');
    expect(toggled('{"a":{{a}},"z":1}', a)).toBe('{"z":1}');
    expect(toggled("{}", a)).toBe('{"a":{{{a}}} }');
  });
});
