import { indented } from "../indented";

/** A body laid out for reading, and what it was read as. */
export type Pretty = { as: "json" | "text"; text: string } | { as: "form"; fields: [string, string][] };

/**
 * Lays a body out by its content type; one that lies about itself, or says nothing, is tried as JSON and shown as
 * it is when it is none.
 */
export function pretty(text: string, contentType = ""): Pretty {
  if (contentType.startsWith("application/x-www-form-urlencoded"))
    return { as: "form", fields: [...new URLSearchParams(text)] };
  const json = /^\s*[[{]/.test(text) ? indented(text) : undefined;
  return json === undefined ? { as: "text", text } : { as: "json", text: json };
}

/** The value of a header, whatever its case. */
export function header(headers: [string, string][], name: string): string {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
}
