import type { Schemas } from "../../api/client";

/** A request as it looks on the wire: the line, the headers, an empty line, the body. */
export function requestText({ method, url, headers, body }: Schemas["SentRequest"]): string {
  const { host, target } = parts(url);
  const named = headers.some(([name]) => name.toLowerCase() === "host");
  const all: [string, string][] = named ? headers : [["Host", host], ...headers];
  return text(`${method} ${target} HTTP/1.1`, all, body ? bodyText(body) : "");
}

/** An answer as it looks on the wire. */
export function responseText({ status, headers, body }: Schemas["Answer"]): string {
  return text(`HTTP/1.1 ${status}`, headers, bodyText(body));
}

/** A body as text; one that is none says how long it is. */
export function bodyText(body: Schemas["KeptBody"]): string {
  if (body.binary) return `[${body.bytes} bytes that are not text]`;
  return body.cut ? `${body.text}\n[cut here; ${body.bytes} bytes in all]` : body.text;
}

function text(line: string, headers: [string, string][], body: string): string {
  return [line, ...headers.map(([name, value]) => `${name}: ${value}`), "", body].join("\n");
}

function parts(url: string): { host: string; target: string } {
  const rest = url.replace(/^[a-z]+:\/\//i, "");
  const at = rest.search(/[/?]/);
  if (at < 0) return { host: rest, target: "/" };
  const target = rest.slice(at);
  return { host: rest.slice(0, at), target: target.startsWith("/") ? target : `/${target}` };
}
