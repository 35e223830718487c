/** Names and values as headers, queries and forms have them, kept in their order. */
import { indented } from "./edit";
import type { Node } from "./json";

export interface Pair {
  name: string;
  value: string;
  /** A number, true, false or null as it stands in the template, until somebody types over it. */
  raw?: string;
}

/** The pairs of an object; none when it holds a list or an object, for which the form has no field. */
export function pairsOf(text: string, node: Node): Pair[] | undefined {
  if (node.kind !== "object") return undefined;
  const pairs: Pair[] = [];
  for (const { key, value } of node.members) {
    if (value.kind === "text") pairs.push({ name: key, value: value.value });
    else if (value.kind === "other") {
      const raw = text.slice(value.from, value.to);
      pairs.push({ name: key, value: value.value === null ? "" : raw, raw });
    } else return undefined;
  }
  return pairs;
}

/** The pairs as JSON, one on a line. A row whose name and value are empty is one not yet filled in. */
export function writePairs(pairs: Pair[]): string {
  const meant = pairs.filter(({ name, value }) => name !== "" || value !== "");
  if (meant.length === 0) return "{}";
  const lines = meant.map(
    ({ name, value, raw }) => `  ${JSON.stringify(name)}: ${raw ?? JSON.stringify(value)}`,
  );
  return indented(`{\n${lines.join(",\n")}\n}`);
}
