import type { Schemas } from "../../api/client";
import { bytes } from "../../parts/numbers";
import { duration } from "../../parts/Time";

export type Answer = Schemas["TesterAnswer"];
export type Settings = Schemas["AnswerSettings"];
export type Rule = Schemas["Rule"];
export type Fault = Schemas["Fault"];

/** The limits that the server holds answers to, so that a field can say them before it is sent. */
export const LIMIT = { waitMs: 30_000, filler: 1024 ** 3, rules: 20, headers: 50 };

/** What an endpoint can do wrong, in words, and what its sender sees of it. */
export const FAULTS: Record<Fault, { label: string; says: string }> = {
  none: { label: "Nothing", says: "The answer is sent as it is set." },
  reset_before: {
    label: "Reset before the headers",
    says: "The connection is reset before a byte of the answer: ECONNRESET.",
  },
  reset_after: {
    label: "Reset after the headers",
    says: "The connection is reset after the headers and half of the body: ECONNRESET.",
  },
  hang: { label: "Never answer", says: "The request is taken and nothing comes back: ESOCKETTIMEDOUT." },
  cut_body: { label: "Close before the end", says: "The connection is closed before the body is complete." },
  endless_body: { label: "Endless body", says: "Filler is sent without end, up to the sender’s limit." },
  gzip_bomb: {
    label: "Gzip bomb",
    says: "Zeros compressed about a thousandfold: 64 MiB once unpacked, unless a body size is set.",
  },
};

const REASON: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** `503 Service Unavailable`, or the number alone. */
export function statusName(status: number): string {
  const reason = REASON[status];
  return reason === undefined ? String(status) : `${status} ${reason}`;
}

/** One answer in a line, such as `503 Service Unavailable after 2.00 s, 5,120 B of filler`. */
export function described(answer: Answer): string {
  const fault = answer.fault ?? "none";
  const wait = answer.delay_ms ? ` after ${duration(answer.delay_ms)}` : "";
  if (fault === "hang") return "never answers";
  if (fault === "reset_before") return `resets the connection${wait}`;
  const parts = [`${statusName(answer.status ?? 200)}${wait}`];
  const retry = answer.headers?.find(([name]) => name.toLowerCase() === "retry-after");
  if (retry) parts.push(`Retry-After: ${retry[1]}`);
  if (answer.body_bytes != null && fault !== "endless_body" && fault !== "gzip_bomb")
    parts.push(`${bytes(answer.body_bytes)} of filler`);
  if (answer.drip) parts.push(`${bytes(answer.drip.bytes)} every ${duration(answer.drip.every_ms ?? 1_000)}`);
  if (fault !== "none") parts.push(FAULTS[fault].label.toLowerCase());
  return parts.join(", ");
}

/** Which requests a rule is for, in a line, such as `every 3rd, POST, body contains “x”`. */
export function whenDescribed(when: Schemas["When"]): string {
  const parts: string[] = [];
  if (when.every != null) parts.push(when.every === 1 ? "every request" : `every ${ordinal(when.every)}`);
  if (when.method != null) parts.push(when.method.toUpperCase());
  if (when.path != null) parts.push(`path contains “${when.path}”`);
  if (when.header) {
    const { name, contains } = when.header;
    parts.push(contains == null ? `has header ${name}` : `header ${name} contains “${contains}”`);
  }
  if (when.body != null) parts.push(`body contains “${when.body}”`);
  return parts.join(", ");
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

/** Whether two settings make an endpoint answer alike: what is left out is as what the server takes for it. */
export function alike(one: Settings, other: Settings): boolean {
  return JSON.stringify(whole(one)) === JSON.stringify(whole(other));
}

function whole({ rules = [], ...answer }: Settings) {
  return [wholeAnswer(answer), rules.map(({ when, answer }) => [wholeWhen(when), wholeAnswer(answer)])];
}

function wholeAnswer({ status, headers, body, body_bytes, delay_ms, drip, fault }: Answer) {
  const pieces = drip ? [drip.bytes, drip.every_ms ?? 1_000] : null;
  return [
    status ?? 200,
    headers ?? [],
    body ?? null,
    body_bytes ?? null,
    delay_ms ?? 0,
    pieces,
    fault ?? "none",
  ];
}

function wholeWhen({ every, method, path, header, body }: Schemas["When"]) {
  const has = header ? [header.name, header.contains ?? null] : null;
  return [every ?? null, method ?? null, path ?? null, has, body ?? null];
}
