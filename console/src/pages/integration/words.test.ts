import { expect, test } from "vitest";

import type { Scope } from "../../api/scope";
import { inWords, templateOf } from "./words";

const MINE: Scope = { kind: "me", user: "1" };
const PRODUCT: Scope = { kind: "product", id: 42 };

const said = (template: object, scope: Scope = MINE) =>
  Object.fromEntries(
    inWords({ event: "temp", url: "https://example.com", ...template }, scope, "Trackers").filter(
      ([, value]) => value !== null,
    ),
  );

test("an integration with only an event and a URL is said in five lines", () => {
  expect(said({})).toEqual({
    "Fires on": "events whose names begin with temp, from any of my devices and from me",
    Sends: "POST https://example.com",
    With: "event, data, published_at and coreid, as a form",
    Retries: "as the server does by default",
    "Answers go to": "hook-response/{{{PARTICLE_EVENT_NAME}}}",
    "Errors go to": "hook-error/{{{PARTICLE_EVENT_NAME}}}",
  });
});

test("a product's integration fires for all its devices, and answers each by its id", () => {
  const { "Fires on": fires, "Answers go to": answers } = said({}, PRODUCT);
  expect(fires).toBe("events whose names begin with temp, from any device of Trackers");
  expect(answers).toBe("{{{PARTICLE_DEVICE_ID}}}/hook-response/{{{PARTICLE_EVENT_NAME}}}");
});

test("what is sent is named by its fields, with the defaults only where they are added", () => {
  expect(said({ json: { a: "1", b: "2" } })["With"]).toBe(
    "JSON with a, b, and event, data, published_at and coreid",
  );
  expect(said({ json: { a: "1" }, noDefaults: true })["With"]).toBe("JSON with a");
  expect(said({ requestType: "GET" })["With"]).toBe("event, data, published_at and coreid, as the query");
  expect(said({ body: "x" })["With"]).toBe("a body written out in the template");
});

test("an empty topic sends nothing", () => {
  expect(said({ responseTopic: "", errorResponseTopic: "oops" })).toMatchObject({
    "Answers go to": "nowhere",
    "Errors go to": "oops",
  });
});

test("rules of success, limits and secrets are told", () => {
  const template = {
    successRule: { statuses: [404], contains: "ok", path: "a.b", equals: 1 },
    rateLimit: { perSecond: 0.5, burst: 4 },
    secrets: ["KEY"],
    rejectUnauthorized: false,
    auth: { username: "me", password: "[[SENSITIVE]]" },
  };
  expect(said(template)).toMatchObject({
    Success: "2xx or 404, and the body contains “ok”, and a.b is 1",
    "At most": "0.5 requests a second, in bursts of 4",
    Secrets: "KEY",
    TLS: "the certificate is not verified",
    "Signs in": "with HTTP basic auth as me",
  });
});

test("a template is a record without what the server adds, and keeps keys it does not know", () => {
  expect(templateOf({ id: "1", revision: 2, event: "temp", note: "mine" })).toEqual({
    event: "temp",
    note: "mine",
  });
});
