/** What a request carries: exactly one of `json`, `form` and `body`, or none of them. */
import { indented, remove, set, setRaw } from "./edit";
import { JsonFault, read } from "./json";
import { methodOf, type Template, valueOf } from "./template";

export type Format = "form" | "json" | "query" | "body";

export const FORMATS: { value: Format; label: string }[] = [
  { value: "form", label: "Web form" },
  { value: "json", label: "JSON" },
  { value: "query", label: "Query parameters" },
  { value: "body", label: "Custom body" },
];

const PAYLOADS = ["json", "form", "body"] as const;

/** Payloads taken out when another format was chosen, as they stood, so that choosing it again brings them back. */
export type Shelf = Partial<Record<(typeof PAYLOADS)[number], string>>;

/** How the template sends its data. */
export function formatOf(template: Template): Format {
  for (const key of ["json", "form", "body"] as const) if (valueOf(template, key)) return key;
  return methodOf(template) === "GET" || valueOf(template, "query") ? "query" : "form";
}

/** Chooses a format: what the others carried goes on the shelf, what this one had comes back. */
export function choose(template: Template, format: Format, shelf: Shelf): { text: string; shelf: Shelf } {
  const kept = { ...shelf };
  let text = template.text;
  for (const key of PAYLOADS.filter((key) => key !== format)) {
    const node = valueOf(template, key);
    if (!node) continue;
    kept[key] = template.text.slice(node.from, node.to);
    text = remove(text, key);
  }
  if (format === "query") {
    return {
      text: valueOf(template, "query") || methodOf(template) === "GET" ? text : set(text, "query", {}),
      shelf: kept,
    };
  }
  if (!valueOf(template, format))
    text = setRaw(text, format, kept[format] ?? { json: "{}", form: "{}", body: '""' }[format]);
  return { text, shelf: kept };
}

/** `json` as it is written in the form: as one text, or value by value. */
export interface JsonPayload {
  mode: "values" | "text";
  text: string;
}

/** What the `json` of a template says; absent when it is neither object, list nor text. */
export function jsonOf(template: Template): JsonPayload | undefined {
  const node = valueOf(template, "json");
  if (!node) return { mode: "values", text: "" };
  if (node.kind === "text") return { mode: "text", text: node.value };
  if (node.kind === "other") return undefined;
  return { mode: "values", text: template.text.slice(node.from, node.to).replaceAll("\n  ", "\n") };
}

/**
 * Sets `json`. A text that is meant value by value and is no JSON yet is kept as one text meanwhile: nothing typed
 * is ever lost, and the preview says what it would be.
 */
export function setJson(template: Template, text: string, wanted: JsonPayload["mode"]): string {
  return wanted === "values" && isComposite(text)
    ? setRaw(template.text, "json", indented(text.trim()))
    : set(template.text, "json", text);
}

/** Whether a text is a JSON object or list. */
export function isComposite(text: string): boolean {
  try {
    const { kind } = read(text);
    return kind === "object" || kind === "list";
  } catch (fault) {
    if (fault instanceof JsonFault) return false;
    throw fault;
  }
}
