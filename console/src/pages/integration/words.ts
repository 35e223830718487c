import type { Scope } from "../../api/scope";
import { counted } from "../../parts/numbers";

/** A template, in Particle's keys. */
export type Template = Readonly<Record<string, unknown>>;

/** Keys that the server adds to what it shows, and clients to what they send: they configure nothing. */
const NOT_CONFIGURED = new Set([
  "ok",
  "id",
  "created_at",
  "updated_at",
  "updated_by",
  "disabled_since",
  "disabled_by",
  "revision",
  "scope",
  "hookUrl",
  "warnings",
  "integration_type",
]);

/** The template alone, of a record or a revision. */
export function templateOf(record: Template): Template {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !NOT_CONFIGURED.has(key)));
}

/** The configuration as a person would say it: what it fires on, what it sends where, what comes back. */
export function inWords(template: Template, scope: Scope, scopeName: string): [string, string | null][] {
  return [
    [
      "Fires on",
      `events whose names begin with ${text(template, "event")}${publishers(template, scope, scopeName)}`,
    ],
    ["Sends", `${text(template, "requestType") || "POST"} ${text(template, "url")}`],
    ["With", payload(template)],
    ["Query", names(template["query"])],
    ["Headers", names(template["headers"])],
    ["Signs in", basicAuth(template)],
    ["Signed", template["signingSecret"] == null ? null : "with Standard Webhooks signatures"],
    ["Secrets", list(template["secrets"])],
    ["TLS", flag(template, "rejectUnauthorized", true) ? null : "the certificate is not verified"],
    ["Connections", flag(template, "keepAlive", true) ? null : "a fresh one for every request"],
    ["Success", success(template["successRule"])],
    ["Retries", retries(text(template, "retryPolicy"))],
    ["At most", rate(template["rateLimit"])],
    ["Answers go to", replies(template, scope)],
    ["Errors go to", topic(template, "errorResponseTopic", "hook-error/{{{PARTICLE_EVENT_NAME}}}")],
  ];
}

function publishers(template: Template, scope: Scope, scopeName: string): string {
  if (scope.kind === "product") return `, from any device of ${scopeName}`;
  if (scope.kind === "org")
    return `, from the devices of ${counted(items(template["products"]).length, "product")}`;
  const device = text(template, "deviceID");
  return device ? `, from the device ${device} alone` : ", from any of my devices and from me";
}

const DEFAULTS = "event, data, published_at and coreid";

function payload(template: Template): string {
  const defaults = flag(template, "noDefaults", false) ? "" : `, and ${DEFAULTS}`;
  if (template["body"] != null) return "a body written out in the template";
  if (typeof template["json"] === "string") return `JSON written out in the template${defaults}`;
  if (template["json"] != null) return `JSON with ${names(template["json"]) ?? "no fields"}${defaults}`;
  if (template["form"] != null) return `a form with ${names(template["form"]) ?? "no fields"}${defaults}`;
  if (flag(template, "noDefaults", false)) return "nothing";
  const where = text(template, "requestType").toUpperCase() === "GET" ? "the query" : "a form";
  return `${DEFAULTS}, as ${where}`;
}

function basicAuth({ auth }: Template): string | null {
  if (!isObject(auth)) return null;
  return `with HTTP basic auth as ${typeof auth["username"] === "string" ? auth["username"] : "nobody"}`;
}

function success(rule: unknown): string | null {
  if (!isObject(rule)) return null;
  const { contains, path, equals, statuses } = rule;
  const said = [
    statuses == null ? "2xx" : `2xx or ${list([statuses].flat())}`,
    contains != null && `the body contains “${String(contains)}”`,
    path != null && `${String(path)} is ${JSON.stringify(equals)}`,
  ];
  return said.filter(Boolean).join(", and ");
}

const RETRIES: Record<string, string> = {
  "": "as the server does by default",
  standard: "what may pass, twice: 30 s and 60 s after the first try",
  skipped: "only what the gate skipped, 30 s and 60 s after the first try",
  extended: "what may pass, ever more patiently, for up to 24 h",
  none: "nothing",
};

function retries(policy: string): string {
  return RETRIES[policy] ?? policy;
}

function rate(limit: unknown): string | null {
  if (limit == null) return null;
  if (!isObject(limit)) return `${String(limit)} requests a second`;
  const burst = limit["burst"] == null ? "" : `, in bursts of ${String(limit["burst"])}`;
  return `${String(limit["perSecond"])} requests a second${burst}`;
}

function replies(template: Template, scope: Scope): string {
  const name = topic(template, "responseTopic", standardTopic(scope));
  if (template["responseTopic"] === "") return name;
  const how = [
    template["responseTemplate"] && "by the response template",
    flag(template, "unchunked", false) && "in one event",
    flag(template, "dataUrlResponseEvent", false) && "as a data URL",
  ].filter(Boolean);
  return [name, ...how].join(", ");
}

/** Where answers go when the template does not say. */
export function standardTopic(scope: Scope): string {
  const plain = "hook-response/{{{PARTICLE_EVENT_NAME}}}";
  return scope.kind === "me" ? plain : `{{{PARTICLE_DEVICE_ID}}}/${plain}`;
}

function topic(template: Template, key: string, standard: string): string {
  const own = template[key];
  if (own === "") return "nowhere";
  return typeof own === "string" ? own : standard;
}

function names(of: unknown): string | null {
  return isObject(of) && Object.keys(of).length > 0 ? Object.keys(of).join(", ") : null;
}

function list(of: unknown): string | null {
  return items(of).length > 0 ? items(of).map(String).join(", ") : null;
}

function items(of: unknown): unknown[] {
  return Array.isArray(of) ? of : [];
}

function text(template: Template, key: string): string {
  const value = template[key];
  return typeof value === "string" ? value : "";
}

function flag(template: Template, key: string, otherwise: boolean): boolean {
  const value = template[key];
  return typeof value === "boolean" ? value : otherwise;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
