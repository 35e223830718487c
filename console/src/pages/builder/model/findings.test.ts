// @vitest-environment node
import { describe, expect, it } from "vitest";

import { culpritOf, descend, errorOf, type Finding, kindOf, marksIn, marksOfField, sorted } from "./findings";
import { read } from "./json";

function finding(level: string, code: string, message: string, where: Finding["where"] = {}): Finding {
  return { level, code, message, where };
}

const UNCLOSED = finding(
  "error",
  "template-syntax",
  "`url` is not a valid template: line 1, column 21: the tag opened by `{{` is never closed: end it with `}}`",
  { field: "url", line: 1, column: 21 },
);
const NEVER_JSON = finding("error", "json-syntax", "`json` is not JSON: trailing comma", {
  field: "json",
  line: 2,
  column: 1,
});
const WHEN_FILLED = finding(
  "note",
  "json-when-filled",
  "`json` is JSON only once it is filled in; with this event it is",
  {
    field: "json",
    line: 1,
    column: 7,
  },
);
const NAN = finding(
  "error",
  "json-broken",
  "`json` filled in with the event `temp` is not JSON: expected value at line 1, column 7, at the value of `celsius`",
  { field: "json", line: 1, column: 7 },
);
const QUOTE = finding(
  "error",
  "json-broken",
  "`json` filled in with the event `temp` is not JSON: expected `,` or `}` at line 1, column 19, at the value of `note`",
  { field: "json", line: 1, column: 19 },
);
const LINE_BREAK = finding("error", "render", "with the event `temp`: the header `X` has a line break", {
  field: "headers.X",
});

describe("the three findings that look alike", () => {
  it("tells a broken template, which no event can mend", () => {
    expect(kindOf(UNCLOSED)).toBe("template");
    expect(kindOf(NEVER_JSON)).toBe("template");
    expect(kindOf(finding("error", "several-payloads", "the template has `json` and `form`"))).toBe(
      "template",
    );
  });

  it("tells a template that is JSON only once it is filled in, which is no fault", () => {
    expect(kindOf(WHEN_FILLED)).toBe("whenFilled");
  });

  it("tells what one event broke: a device that sends NaN, a quote, a line break", () => {
    for (const broken of [NAN, QUOTE, LINE_BREAK]) expect(kindOf(broken)).toBe("result");
  });

  it("tells a template over its limit from a result over its limit", () => {
    const saved = finding(
      "error",
      "too-large",
      "`url` is 9000 bytes long, over the limit of 8192: shorten it",
    );
    const sent = finding(
      "error",
      "too-large",
      "with the event `t`: filled in, the body has 1048577 bytes or more, over the limit of 1048576: send less",
    );
    expect([kindOf(saved), kindOf(sent)]).toEqual(["template", "result"]);
  });

  it("never mixes them, and loses none", () => {
    const look = finding("warning", "variable-escaped", "the value of `a` was changed");
    const kinds = sorted([NAN, look, WHEN_FILLED, UNCLOSED, QUOTE]);
    expect(kinds).toEqual({
      template: [UNCLOSED],
      whenFilled: [WHEN_FILLED],
      result: [NAN, QUOTE],
      secret: [],
      look: [look],
    });
  });

  it("blames neither template nor event for a secret that has no value yet", () => {
    const missing = finding(
      "error",
      "render",
      "with the event `t`: the secret `KEY` has no value in this scope",
      {
        field: "secrets",
      },
    );
    expect(kindOf(missing)).toBe("secret");
  });

  it("names the variable that broke the result", () => {
    expect(culpritOf(NAN)).toBe("celsius");
    expect(culpritOf(LINE_BREAK)).toBeUndefined();
  });
});

describe("where a finding is shown", () => {
  const text =
    '{\n  "url": "https://example.com/{{x",\n  "json": "{\\"v\\": {{{celsius}}}, \\"n\\": \\"{{{note}}}\\"}",\n  "headers": {"X.Y": "{{"}\n}';

  function at(found: Finding): string {
    const [mark] = marksIn(text, [found]);
    return text.split("\n")[mark!.line! - 1]!.slice(mark!.column! - 1);
  }

  it("is the place in the template's text, behind the escapes", () => {
    expect(at(UNCLOSED)).toMatch(/^\{\{x/);
  });

  it("is the tag of the variable that broke a result, for its lines are not those of the template", () => {
    expect(at(NAN)).toMatch(/^\{\{\{celsius/);
    expect(at(QUOTE)).toMatch(/^\{\{\{note/);
  });

  it("is found though keys hold dots", () => {
    expect(
      at(finding("error", "template-syntax", "…", { field: "headers.X.Y", line: 1, column: 1 })),
    ).toMatch(/^\{\{"/);
    expect(descend(read('{"a": {"b.c": [0, {"d": 7}]}}'), "a.b.c.1.d")).toMatchObject({ value: 7 });
  });

  it("is the whole when it has no place", () => {
    expect(
      marksIn(text, [finding("note", "variable-missing", "…", { field: "template" })])[0]!.line,
    ).toBeUndefined();
  });

  it("is the line and column of the field's own editor", () => {
    expect(marksOfField("{\n{{x", [NEVER_JSON, UNCLOSED], "json", false)).toMatchObject([
      { line: 2, column: 1 },
    ]);
    const leaf = finding("warning", "double-braces-in-json", "…", { field: "json.a", line: 1, column: 1 });
    expect(marksOfField('{\n  "a": "{{x}}"\n}', [leaf], "json", true)).toMatchObject([
      { line: 2, column: 9 },
    ]);
  });

  it("is the field, when the form has one", () => {
    expect(errorOf([LINE_BREAK, UNCLOSED], "url")).toContain("never closed");
    expect(errorOf([LINE_BREAK], "headers")).toContain("line break");
    expect(errorOf([WHEN_FILLED], "json")).toBeUndefined();
    expect(errorOf([LINE_BREAK], "head")).toBeUndefined();
  });
});
