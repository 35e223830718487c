/**
 * JSON with its places. A template is kept as the text its author wrote: this reader says where each part of it
 * stands, so that a change touches that part alone, and a finding can be shown where it belongs.
 */

/** A value and where it stands in the text. */
export type Node = { from: number; to: number } & (
  | { kind: "object"; members: Member[] }
  | { kind: "list"; items: Node[] }
  | { kind: "text"; value: string }
  | { kind: "other"; value: number | boolean | null }
);

/** A key with its value. */
export interface Member {
  key: string;
  from: number;
  value: Node;
}

/** Why a text is not JSON, and where; lines and columns count from 1. */
export class JsonFault extends Error {
  readonly line: number;
  readonly column: number;

  constructor(text: string, at: number, message: string) {
    super(message);
    const before = text.slice(0, at);
    this.line = before.split("\n").length;
    this.column = at - before.lastIndexOf("\n");
  }
}

/** Deeper nesting than anyone means; what comes from outside must not use up the stack. */
const DEPTH_LIMIT = 200;

/** Reads a whole text; throws a `JsonFault` when it is not JSON. */
export function read(text: string): Node {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Node {
    this.space();
    if (depth > DEPTH_LIMIT) throw this.fault(`nested deeper than ${DEPTH_LIMIT} levels`);
    const next = this.text[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.list(depth);
    const from = this.at;
    if (next === '"') {
      const value = this.string();
      return { kind: "text", value, from, to: this.at };
    }
    return this.bare(from);
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) throw this.fault("something follows the end of the JSON");
  }

  private object(depth: number): Node {
    const from = this.at;
    const members: Member[] = [];
    this.at += 1;
    this.space();
    while (this.text[this.at] !== "}") {
      if (members.length > 0) this.expect(",", "a comma or `}` is missing");
      this.space();
      const at = this.at;
      if (this.text[at] !== '"') throw this.fault("a key in double quotes is missing");
      const key = this.string();
      this.space();
      this.expect(":", "a colon after the key is missing");
      members.push({ key, from: at, value: this.value(depth + 1) });
      this.space();
    }
    this.at += 1;
    return { kind: "object", members, from, to: this.at };
  }

  private list(depth: number): Node {
    const from = this.at;
    const items: Node[] = [];
    this.at += 1;
    this.space();
    while (this.text[this.at] !== "]") {
      if (items.length > 0) this.expect(",", "a comma or `]` is missing");
      items.push(this.value(depth + 1));
      this.space();
    }
    this.at += 1;
    return { kind: "list", items, from, to: this.at };
  }

  private string(): string {
    const from = this.at;
    for (this.at += 1; ; this.at += 1) {
      const next = this.text[this.at];
      if (next === undefined || next === "\n") {
        this.at = from;
        throw this.fault("the text is never closed: end it with a double quote");
      }
      if (next < " ") throw this.fault("a control character stands in a text: write it as an escape");
      if (next === '"') break;
      if (next === "\\") this.escape();
    }
    this.at += 1;
    return JSON.parse(this.text.slice(from, this.at)) as string;
  }

  private escape(): void {
    const rest = this.text.slice(this.at, this.at + 6);
    const known = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(rest)?.[0];
    if (known === undefined) throw this.fault("`\\` begins no escape: write `\\\\` for a backslash");
    this.at += known.length - 1;
  }

  private bare(from: number): Node {
    const word = /^[^\s,:[\]{}"]*/.exec(this.text.slice(from, from + 400))?.[0] ?? "";
    if (!/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(word)) {
      throw this.fault(word === "" ? "a value is missing" : `\`${word}\` is no JSON value`);
    }
    this.at += word.length;
    return { kind: "other", value: JSON.parse(word) as number | boolean | null, from, to: this.at };
  }

  private space(): void {
    while (" \n\r\t".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  private expect(character: string, otherwise: string): void {
    if (this.text[this.at] !== character) throw this.fault(otherwise);
    this.at += 1;
  }

  private fault(message: string): JsonFault {
    return new JsonFault(this.text, this.at, message);
  }
}

/** The value as programs use it. */
export function plain(node: Node): unknown {
  switch (node.kind) {
    case "object":
      return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
    case "list":
      return node.items.map(plain);
    default:
      return node.value;
  }
}

/** The member of this name; of several the last, which is the one that counts. */
export function member(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind !== "object") return undefined;
  return node.members.findLast((member) => member.key === key)?.value;
}

/** Where a character of a text value stands in the source, behind the escapes in front of it. */
export function placeInside(source: string, node: Node, line: number, column: number): number {
  if (node.kind !== "text") return node.from;
  const lines = node.value.split("\n");
  const wanted = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  let at = node.from + 1;
  for (let passed = 0; passed < wanted && at < node.to - 1; passed += 1) {
    const escaped = source[at] === "\\";
    at += !escaped ? 1 : source[at + 1] === "u" ? 6 : 2;
  }
  return at;
}

/** A value laid out in lines, its keys in their order and its numbers digit by digit. */
export function laidOut(source: string, node: Node, indent = ""): string {
  const deeper = `${indent}  `;
  const lines =
    node.kind === "object"
      ? node.members.map(({ key, value }) => `${JSON.stringify(key)}: ${laidOut(source, value, deeper)}`)
      : node.kind === "list"
        ? node.items.map((item) => laidOut(source, item, deeper))
        : undefined;
  if (!lines) return source.slice(node.from, node.to);
  const [open, close] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
  return lines.length === 0
    ? open + close
    : `${open}\n${deeper}${lines.join(`,\n${deeper}`)}\n${indent}${close}`;
}
