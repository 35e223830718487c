import type { Schemas } from "../../api/client";
import { indented } from "../../parts/indented";

export type Caught = Schemas["CaughtRequest"];
export type KeptBody = Schemas["KeptBody"];

/** The path and query below the endpoint, as they were sent. */
export function target({ path, query }: Pick<Caught, "path" | "query">): string {
  return query == null ? path : `${path}?${query}`;
}

/** The value of a header, whatever the case of its name. */
export function header({ headers }: Pick<Caught, "headers">, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** The request as text: its first line, its headers and its body as far as that is text. `url` is the endpoint's. */
export function rawText(request: Caught, url: string): string {
  const start = `${request.method} ${new URL(url).pathname}${target(request)} ${request.http}`;
  const headers = request.headers.map(([name, value]) => `${name}: ${value}`);
  return [start, ...headers, "", bodyText(request.body)].join("\n");
}

/** The body as text; of one that is none, how much there was. */
export function bodyText({ text, binary, bytes, cut }: KeptBody): string {
  if (binary) return `(${bytes} bytes that are not text)`;
  return cut ? `${text}\n(cut: the body has ${bytes} bytes)` : text;
}

/** Headers that a client writes by itself. */
const BY_ITSELF = new Set(["host", "content-length", "connection", "transfer-encoding", "accept-encoding"]);

/** A command that sends the same request again. A binary body comes from standard input, decoded from base64. */
export function asCurl(request: Caught, url: string): string {
  const lines = [`curl -X ${quoted(request.method)} ${quoted(url + target(request))}`];
  for (const [name, value] of request.headers) {
    if (!BY_ITSELF.has(name.toLowerCase())) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  const { text, binary, bytes } = request.body;
  if (bytes === 0) return lines.join(" \\\n  ");
  if (!binary) return [...lines, `--data-binary ${quoted(text)}`].join(" \\\n  ");
  return `echo ${quoted(text)} | base64 -d | ${[...lines, "--data-binary @-"].join(" \\\n  ")}`;
}

/** A text as one word of a shell: what is plain stays bare. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The bytes that are kept of a body. */
export function bytesOf({ text, binary }: KeptBody): Uint8Array {
  if (!binary) return new TextEncoder().encode(text);
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Sixteen bytes a line: where they stand, in hex, and as text where they are. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const left = hex.slice(0, 8).join(" ").padEnd(23);
    const right = hex.slice(8).join(" ").padEnd(23);
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${left}  ${right}  ${text}`);
  }
  return lines.join("\n");
}

/** A body made readable: JSON set out in lines, a form as its pairs; nothing when it is neither. */
export type Pretty = { kind: "json"; text: string } | { kind: "form"; pairs: [string, string][] };

/** Reads a body by its content type, and as JSON whatever its type says when it is. */
export function pretty(body: KeptBody, contentType = ""): Pretty | undefined {
  if (body.binary || body.text === "") return undefined;
  if (contentType.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
    return { kind: "form", pairs: [...new URLSearchParams(body.text)] };
  }
  const text = indented(body.text);
  return text === undefined ? undefined : { kind: "json", text };
}
