/** The variables of an event, with the values they have in it, as the server fills them in. */
import type { Schemas } from "../../../api/client";
import { JsonFault, type Node, read } from "./json";

export type SampleEvent = Schemas["SampleEvent"];

export interface Variable {
  name: string;
  value: string;
  origin: "built in" | "data";
}

/** Levels of nested data that are listed, and most names of them. */
const DEPTH = 4;
const MOST = 200;

/** Every variable: the event's data first, for it is what one looks for, then what every event has. */
export function variablesOf(event: SampleEvent): Variable[] {
  const found: Variable[] = [];
  const data = dataOf(event);
  if (data) gather(textOfData(event), data, "", 0, found);
  for (const [name, value] of Object.entries(builtIn(event))) found.push({ name, value, origin: "built in" });
  return found;
}

function gather(source: string, node: Node, name: string, depth: number, found: Variable[]): void {
  if (found.length >= MOST) return;
  if (name !== "") found.push({ name, value: written(source, node), origin: "data" });
  if (depth >= DEPTH) return;
  for (const [key, below] of membersOf(node)) {
    gather(source, below, name === "" ? key : `${name}.${key}`, depth + 1, found);
  }
}

/** What stands below a value, by name or place; of several members of one name the last, which is the one that counts. */
function membersOf(node: Node): Map<string, Node> {
  if (node.kind === "object") return new Map(node.members.map(({ key, value }) => [key, value]));
  return new Map(node.kind === "list" ? node.items.map((item, at) => [String(at), item]) : []);
}

/** The text of an event's data: what is no text already is taken as its JSON. */
export function textOfData({ data }: SampleEvent): string {
  if (data === undefined || data === null) return "";
  return typeof data === "string" ? data : JSON.stringify(data);
}

/** The data as an object, whose keys are variables; absent when it is anything else. */
function dataOf(event: SampleEvent): Node | undefined {
  try {
    const data = read(textOfData(event));
    return data.kind === "object" ? data : undefined;
  } catch (fault) {
    if (fault instanceof JsonFault) return undefined;
    throw fault;
  }
}

/** The names that every event has, whatever its data. */
export function builtIn(event: SampleEvent): Record<string, string> {
  const whole = wholeOf(event);
  return {
    PARTICLE_DEVICE_ID: event.coreid ?? "api",
    PARTICLE_EVENT_NAME: event.name ?? "",
    PARTICLE_EVENT_VALUE: textOfData(event),
    PARTICLE_PUBLISHED_AT: event.published_at ?? "",
    PARTICLE_EVENT_ID: event.id ?? "",
    PARTICLE_EVENT_JSON: whole,
    PARTICLE_EVENT_BASE64: base64(whole),
    PARTICLE_EVENT_PUBLIC: event.public ? "true" : "false",
    PRODUCT_ID: event.product == null ? "" : String(event.product),
    PRODUCT_VERSION: event.product_version == null ? "" : String(event.product_version),
  };
}

/** Names from before the present ones, which mean the same. */
const OLD: Record<string, string> = { SPARK_CORE_ID: "PARTICLE_DEVICE_ID" };

/** Whether a name is one of those that every event has. */
export function isBuiltIn(name: string): boolean {
  return name === "PRODUCT_USER_ID" || today(name) in builtIn({});
}

function today(name: string): string {
  return OLD[name] ?? name.replace(/^SPARK_/, "PARTICLE_");
}

/** The value of a name in an event; absent when it has none. Built-in names win over the data's. */
export function valueIn(event: SampleEvent, name: string): string | undefined {
  if (isBuiltIn(name)) return builtIn(event)[today(name)] ?? "";
  let node = dataOf(event);
  for (const word of name.split(".")) node = node && membersOf(node).get(word);
  const none = !node || (node.kind === "other" && node.value === null);
  return none || !node ? undefined : written(textOfData(event), node);
}

/** A value as it is filled in: texts as they are, null as nothing, objects and lists as compact JSON. */
function written(source: string, node: Node): string {
  if (node.kind === "text") return node.value;
  return node.kind === "other" && node.value === null ? "" : compact(source, node);
}

function compact(source: string, node: Node): string {
  switch (node.kind) {
    case "object":
      return `{${[...membersOf(node)].map(([key, value]) => `${JSON.stringify(key)}:${compact(source, value)}`).join(",")}}`;
    case "list":
      return `[${node.items.map((item) => compact(source, item)).join(",")}]`;
    case "text":
      return JSON.stringify(node.value);
    case "other":
      return typeof node.value === "number"
        ? digits(source.slice(node.from, node.to), node.value)
        : String(node.value);
  }
}

/** A number as the server writes it: whole ones digit by digit, and a fraction stays one though it is nought. */
function digits(raw: string, value: number): string {
  if (!/[.eE]/.test(raw)) return raw;
  const short = String(value);
  return /^-?\d+$/.test(short) ? `${short}.0` : short;
}

/** The whole event, as `PARTICLE_EVENT_JSON` has it. */
function wholeOf(event: SampleEvent): string {
  return JSON.stringify({
    event: event.name ?? "",
    data: textOfData(event),
    published_at: event.published_at ?? "",
    coreid: event.coreid ?? "api",
    id: event.id ?? "",
    ttl: 60,
    public: event.public ?? false,
    ...(event.product == null ? {} : { productID: event.product }),
    ...(event.product_version == null ? {} : { version: event.product_version }),
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
