/**
 * The template as the form sees it. The text is the one state: the form reads it through `Template` and changes it
 * key by key, so whatever the form does not know (keys, layout, order, odd values) stays as it is.
 */
import { put, set, setRaw } from "./edit";
import { JsonFault, member, type Node, plain, read } from "./json";
import { pairsOf, type Pair, writePairs } from "./pairs";

/** Keys whose value is a text. */
export type TextKey =
  | "name"
  | "event"
  | "url"
  | "requestType"
  | "deviceID"
  | "body"
  | "responseTopic"
  | "errorResponseTopic"
  | "retryPolicy"
  | "signingSecret";

/** Keys whose value is true or false, with what their absence means. */
export const FLAGS = {
  disabled: false,
  noDefaults: false,
  rejectUnauthorized: true,
  keepAlive: true,
  unchunked: false,
  dataUrlResponseEvent: false,
} as const;
export type FlagKey = keyof typeof FLAGS;

/** Keys whose value is an object of names and texts. */
export type PairsKey = "headers" | "query" | "form";

/** Older spellings, which the server takes as well. */
const ALIASES: Record<string, readonly string[]> = {
  event: ["eventName"],
  deviceID: ["deviceid", "deviceId"],
};

/** A template's text, read. */
export interface Template {
  text: string;
  root: Node;
}

/** Reads a template, or says why its text is none. */
export function parse(text: string): Template | JsonFault {
  try {
    const root = read(text);
    return root.kind === "object"
      ? { text, root }
      : new JsonFault(text, root.from, "a template is an object: `{ … }`");
  } catch (fault) {
    if (fault instanceof JsonFault) return fault;
    throw fault;
  }
}

/** The value under a key, null being the same as absent. */
export function valueOf({ root }: Template, key: string): Node | undefined {
  const node = member(root, spelling(root, key));
  return node?.kind === "other" && node.value === null ? undefined : node;
}

/** The key as this template spells it. */
function spelling(root: Node, key: string): string {
  if (member(root, key)) return key;
  return ALIASES[key]?.find((alias) => member(root, alias)) ?? key;
}

/** The text under a key; absent when there is none, or something else. */
export function textOf(template: Template, key: string): string | undefined {
  const node = valueOf(template, key);
  return node?.kind === "text" ? node.value : undefined;
}

/** Whether a key holds what the form has no field for, so that it can be changed in the text alone. */
export function isOdd(template: Template, key: TextKey | PairsKey | FlagKey): boolean {
  const node = valueOf(template, key);
  if (!node) return false;
  if (key in FLAGS) return !(node.kind === "other" && typeof node.value === "boolean");
  if (key === "headers" || key === "query" || key === "form")
    return pairsOf(template.text, node) === undefined;
  return node.kind !== "text";
}

/** Sets a text; an empty one takes the key out, save where empty means something. */
export function setText(template: Template, key: TextKey, value: string): string {
  const kept = value !== "" || key === "event" || key === "url" || key === "body";
  return put(template.text, spelling(template.root, key), kept ? value : undefined);
}

/** A flag, or what its absence means. */
export function flagOf(template: Template, key: FlagKey): boolean {
  const node = valueOf(template, key);
  return node?.kind === "other" && typeof node.value === "boolean" ? node.value : FLAGS[key];
}

/** Sets a flag; what its absence means is not written out. */
export function setFlag(template: Template, key: FlagKey, value: boolean): string {
  return put(template.text, key, value === FLAGS[key] ? undefined : value);
}

/** The names and values under a key. */
export function pairs(template: Template, key: PairsKey): Pair[] {
  const node = valueOf(template, key);
  return (node && pairsOf(template.text, node)) ?? [];
}

/** Sets names and values. Without any the key goes, unless its being there says how to send. */
export function setPairs(template: Template, key: PairsKey, value: Pair[], keepEmpty = false): string {
  const raw = writePairs(value);
  return raw === "{}" && !keepEmpty ? put(template.text, key, undefined) : setRaw(template.text, key, raw);
}

/** The value of any key as programs use it. */
export function anyOf(template: Template, key: string): unknown {
  const node = valueOf(template, key);
  return node && plain(node);
}

/** Sets any key; undefined takes it out. */
export function setAny(template: Template, key: string, value: unknown): string {
  return put(template.text, key, value);
}

/** The methods that a request may have. */
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The method; POST when the template names none. */
export function methodOf(template: Template): string {
  return textOf(template, "requestType")?.trim().toUpperCase() || "POST";
}

/** The names of the secrets that the integration may use. */
export function secretsOf(template: Template): string[] {
  const value = anyOf(template, "secrets");
  if (typeof value === "string")
    return value
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

/** Sets those names. */
export function setSecrets(template: Template, names: string[]): string {
  return names.length === 0 ? put(template.text, "secrets", undefined) : set(template.text, "secrets", names);
}

/** What only the device that triggers the webhook hears. */
export const OWN_TOPIC = "{{PARTICLE_DEVICE_ID}}/hook-response/{{PARTICLE_EVENT_NAME}}";
/** What every device that listens for it hears. */
export const SHARED_TOPIC = "hook-response/{{PARTICLE_EVENT_NAME}}";

/** Whether only the device that triggers the webhook receives its response; a product's does unless told otherwise. */
export function answersOwnDevice(template: Template): boolean {
  return (textOf(template, "responseTopic") ?? OWN_TOPIC).includes("PARTICLE_DEVICE_ID");
}
