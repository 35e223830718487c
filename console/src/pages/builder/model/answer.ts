/** What becomes of an endpoint's answer: how many bytes are published, in how many parts, and its fields to choose from. */

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

/** The tag of a field: unescaped, for a device is no browser. */
export function tagOf(path: string): string {
  return `{{{${path}}}}`;
}

/** Puts a field behind what the template has already, or takes it out again. */
export function toggled(template: string, path: string): string {
  const tag = tagOf(path);
  if (!template.includes(tag)) return template === "" ? tag : `${template}~${tag}`;
  return template.replace(`~${tag}`, "").replace(`${tag}~`, "").replace(tag, "");
}
