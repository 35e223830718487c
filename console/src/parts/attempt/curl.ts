import type { Schemas } from "../../api/client";

type Request = Schemas["SentRequest"];

/** Set by whoever sends, from what is sent. */
const BY_THE_SENDER = new Set(["content-length", "host", "transfer-encoding", "connection"]);

/** The request as a command for a POSIX shell. Secrets stay masked: they have to be put in by hand. */
export function curl({ method, url, headers, body }: Request): string {
  const words = [`curl -X ${method} ${quoted(url)}`];
  for (const [name, value] of headers)
    if (!BY_THE_SENDER.has(name.toLowerCase())) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body?.binary) words.push("--data-binary @-");
  else if (body && body.text !== "") words.push(`--data-raw ${quoted(body.text)}`);
  const command = words.join(" \\\n  ");
  return body?.binary ? `echo ${quoted(body.text)} | base64 -d | ${command}` : command;
}

/** A word that the shell takes as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
