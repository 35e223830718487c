import type { Schemas } from "../../api/client";

type Request = Schemas["SentRequest"];

/** A Postman collection (format 2.1) that holds the request; Postman imports it as pasted text. */
export function postman(name: string, request: Request): string {
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  return JSON.stringify({ info: { name, schema }, item: [item(name, request)] }, null, 2);
}

function item(name: string, { method, url, headers, body }: Request) {
  const header = headers.map(([key, value]) => ({ key, value }));
  const kind = headers.find(([key]) => key.toLowerCase() === "content-type")?.[1] ?? "";
  return {
    name,
    request: {
      method,
      header,
      url: address(url),
      ...(body && !body.binary && { body: content(kind, body.text) }),
      ...(body?.binary && { description: `The body is ${body.bytes} bytes that are not text.` }),
    },
  };
}

function content(kind: string, text: string) {
  if (kind.startsWith("application/x-www-form-urlencoded"))
    return {
      mode: "urlencoded",
      urlencoded: [...new URLSearchParams(text)].map(([key, value]) => ({ key, value })),
    };
  const language = /[/+]json/.test(kind) ? "json" : "text";
  return { mode: "raw", raw: text, options: { raw: { language } } };
}

function address(raw: string) {
  if (!URL.canParse(raw)) return { raw };
  const { protocol, hostname, port, pathname, searchParams } = new URL(raw);
  return {
    raw,
    protocol: protocol.replace(":", ""),
    host: hostname.split("."),
    ...(port && { port }),
    path: pathname.split("/").slice(1),
    query: [...searchParams].map(([key, value]) => ({ key, value })),
  };
}
