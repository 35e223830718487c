/** The variables of an event, with the values they have in it, as the server fills them in. */
import type { Schemas } from "../../../api/client";

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
  if (data) gather(data, "", 0, found);
  for (const [name, value] of Object.entries(builtIn(event))) found.push({ name, value, origin: "built in" });
  return found;
}

function gather(value: unknown, name: string, depth: number, found: Variable[]): void {
  if (found.length >= MOST) return;
  if (name !== "") found.push({ name, value: written(value), origin: "data" });
  if (typeof value !== "object" || value === null || depth >= DEPTH) return;
  for (const [key, below] of Object.entries(value))
    gather(below, name === "" ? key : `${name}.${key}`, depth + 1, found);
}

/** The text of an event's data: what is no text already is taken as its JSON. */
export function textOfData({ data }: SampleEvent): string {
  if (data === undefined || data === null) return "";
  return typeof data === "string" ? data : JSON.stringify(data);
}

/** The data as an object, whose keys are variables; absent when it is anything else. */
export function dataOf(event: SampleEvent): Record<string, unknown> | undefined {
  try {
    const data: unknown = JSON.parse(textOfData(event));
    return typeof data === "object" && data !== null && !Array.isArray(data)
      ? (data as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
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
  let value: unknown = dataOf(event);
  for (const word of name.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[word];
  }
  return value === undefined || value === null ? undefined : written(value);
}

function written(value: unknown): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
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
