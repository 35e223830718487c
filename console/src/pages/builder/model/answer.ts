/** What becomes of an endpoint's answer: how many bytes are published, in how many parts, and its fields to choose from. */

import { type Tag, tagsIn } from "./tags";

/** Most bytes of one part of a reply, and of all parts together. */
const PART = 512;
const MOST = 102_400;

export interface Size {
  bytes: number;
  /** Operations for each device that listens: one a part. */
  operations: number;
}

/** What publishing a text costs. An empty one is not published. */
export function sizeOf(text: string, unchunked: boolean): Size {
  const bytes = new TextEncoder().encode(text).length;
  const published = Math.min(bytes, MOST);
  return { bytes, operations: unchunked ? Math.min(1, published) : Math.ceil(published / PART) };
}

export interface Field {
  path: string;
  value: string;
}

/** Most fields that are offered, and the deepest. */
const FIELDS = 200;
const DEPTH = 6;

/** The values of an answer by the names a response template has for them; none when it is no JSON object or list. */
export function fieldsOf(text: string): Field[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const fields: Field[] = [];
  const gather = (value: unknown, path: string, depth: number) => {
    if (fields.length >= FIELDS || depth > DEPTH) return;
    if (typeof value === "object" && value !== null) {
      for (const [key, below] of Object.entries(value))
        gather(below, path === "" ? key : `${path}.${key}`, depth + 1);
    } else fields.push({ path, value: value === null ? "null" : String(value) });
  };
  gather(answer, "", 0);
  return fields;
}

/** Whether a template publishes a field. */
export function isChosen(template: string, path: string): boolean {
  return tagOf(template, path) !== undefined;
}

function tagOf(template: string, path: string): Tag | undefined {
  return tagsIn(template).find(({ kind, name }) => name === path && (kind === "raw" || kind === "escaped"));
}

/**
 * Puts a field behind what the template has already, or takes it out again: as a member when the template is an
 * object, else with `~` between, which firmware splits easily. Unescaped, for a device is no browser.
 */
export function toggled(template: string, { path, value }: Field): string {
  const present = tagOf(template, path);
  const object = /^\s*\{(?!\{)[^]*\}\s*$/.test(template);
  if (present) return without(template, template.slice(present.from, present.to), object);
  const tag = `{{{${path}}}}`;
  if (!object) return template === "" ? tag : `${template}~${tag}`;
  const bare = /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/.test(value);
  const before = template.trimEnd().slice(0, -1).trimEnd();
  const member = `${JSON.stringify(path.split(".").at(-1))}:${bare ? tag : `"${tag}"`}`;
  // A space keeps the braces of the tag and that of the object apart.
  return `${before}${before.endsWith("{") ? "" : ","}${member} }`;
}

function without(template: string, tag: string, object: boolean): string {
  if (!object) return template.replace(`~${tag}`, "").replace(`${tag}~`, "").replace(tag, "");
  const end = template.indexOf(tag);
  const from = /,?\s*"(?:[^"\\]|\\.)*"\s*:\s*"?$/.exec(template.slice(0, end));
  if (!from) return template.replace(tag, "");
  const rest = template.slice(end + tag.length).replace(/^"/, "");
  const first = !from[0].startsWith(",");
  return template.slice(0, from.index) + (first ? rest.replace(/^\s*,/, "") : rest);
}
