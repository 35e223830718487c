import type { Schemas } from "../../api/client";
import { curl } from "../../parts/attempt/curl";

export type Caught = Schemas["CaughtRequest"];
export type KeptBody = Schemas["KeptBody"];

/** The path and query below the endpoint, as they were sent. */
export function target({ path, query }: Pick<Caught, "path" | "query">): string {
  return query == null ? path : `${path}?${query}`;
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

/** A command that sends the same request again. */
export function asCurl({ method, headers, body, ...request }: Caught, url: string): string {
  return curl({ method, url: url + target(request), headers, body });
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
