import type { Settings } from "./answer";

/** A way to misbehave, in one click. */
export interface Preset {
  label: string;
  /** What the integration's log then shows. */
  says: string;
  settings: Settings;
}

const json = (body: unknown): Pick<Settings, "headers" | "body"> => ({
  headers: [["Content-Type", "application/json"]],
  body: JSON.stringify(body),
});

/** A kilobyte of filler a second: begun at once, and not finished within any sender's deadline. */
const TRICKLE = { body_bytes: 1024 * 1024, drip: { bytes: 1024, every_ms: 1_000 } };

/** Every error of the troubleshooting guide, to be met on purpose. `url` is the endpoint's own. */
export function presets(url: string): { group: string; items: Preset[] }[] {
  return [
    {
      group: "Answers",
      items: [
        { label: "200", says: "All is well.", settings: { status: 200 } },
        {
          label: "400",
          says: "The endpoint cannot read what it was sent.",
          settings: { status: 400, ...json({ error: "invalid JSON: unexpected end of input" }) },
        },
        {
          label: "401",
          says: "The credential is not recognised.",
          settings: {
            status: 401,
            headers: [["WWW-Authenticate", 'Bearer error="invalid_token"']],
            body: "the token has expired",
          },
        },
        {
          label: "403",
          says: "The credential is recognised, and does not allow this.",
          settings: { status: 403, ...json({ error: "this key may not write" }) },
        },
        {
          label: "404",
          says: "There is nothing at this path.",
          settings: { status: 404, body: "not found" },
        },
        {
          label: "429",
          says: "Too many requests: wait 30 seconds.",
          settings: { status: 429, headers: [["Retry-After", "30"]], body: "too many requests" },
        },
        {
          label: "500",
          says: "The endpoint has failed.",
          settings: { status: 500, body: "internal server error" },
        },
        {
          label: "503",
          says: "The endpoint is overloaded or being repaired.",
          settings: { status: 503, body: "down for maintenance" },
        },
        {
          label: "Redirect",
          says: "302 to another path of this endpoint.",
          settings: { status: 302, headers: [["Location", `${url}/elsewhere`]] },
        },
        {
          label: "200 that means no",
          says: "The status says yes, the body says no: needs a success rule.",
          settings: { status: 200, ...json({ ok: false, error: "no such channel" }) },
        },
      ],
    },
    {
      group: "Connection",
      items: [
        {
          label: "ETIMEDOUT",
          says: "An answer is begun and never finished in time.",
          settings: { status: 200, ...TRICKLE },
        },
        { label: "ESOCKETTIMEDOUT", says: "Not one byte comes back.", settings: { fault: "hang" } },
        {
          label: "ECONNRESET",
          says: "The connection is reset before an answer.",
          settings: { fault: "reset_before" },
        },
        {
          label: "Reset half-way",
          says: "The connection is reset in the middle of the answer.",
          settings: { status: 200, body: "this sentence is never finished", fault: "reset_after" },
        },
        {
          label: "Cut short",
          says: "The body ends before the length that was promised.",
          settings: { status: 200, body: "this sentence is never finished", fault: "cut_body" },
        },
      ],
    },
    {
      group: "Size and time",
      items: [
        {
          label: "Slow",
          says: "A good answer after 15 seconds.",
          settings: { status: 200, delay_ms: 15_000 },
        },
        {
          label: "Drip",
          says: "A short answer, a few bytes a second.",
          settings: { status: 200, body: "drop by drop by drop", drip: { bytes: 4, every_ms: 1_000 } },
        },
        {
          label: "Big answer",
          says: "5 KiB: ten parts, and ten operations for each device that listens.",
          settings: { status: 200, body_bytes: 5 * 1024 },
        },
        {
          label: "Huge answer",
          says: "2 MiB: more than is kept or passed on.",
          settings: { status: 200, body_bytes: 2 * 1024 * 1024 },
        },
        {
          label: "Gzip bomb",
          says: "64 KiB that unpack to 64 MiB.",
          settings: { status: 200, fault: "gzip_bomb" },
        },
      ],
    },
    {
      group: "Now and then",
      items: [
        {
          label: "Every 3rd fails",
          says: "Two are well, the third is a 500.",
          settings: {
            status: 200,
            rules: [{ when: { every: 3 }, answer: { status: 500, body: "every third fails" } }],
          },
        },
        {
          label: "Mostly down",
          says: "503, and every fifth is well.",
          settings: {
            status: 503,
            body: "down for maintenance",
            rules: [{ when: { every: 5 }, answer: { status: 200 } }],
          },
        },
      ],
    },
  ];
}
