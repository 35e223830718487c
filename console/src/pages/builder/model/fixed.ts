/** A template with its variables replaced by the values of one event, to tell a fault of the template from one of its data. */
import { indented } from "./edit";
import { type Node, read } from "./json";
import { tagsIn } from "./tags";
import { type SampleEvent, valueIn } from "./variables";

export interface Fixed {
  text: string;
  /** How many tags were replaced. */
  replaced: number;
  /** Names whose tags stay: secrets, and what sections ask for, which have no single value. */
  kept: string[];
}

/** Keys whose texts are filled in when the request is made; those of replies are filled in after it. */
const FILLED = new Set(["url", "query", "headers", "auth", "json", "form", "body"]);

/** Fills every variable of the request with its value in this event, and leaves the rest of the text alone. */
export function withValuesOf(text: string, event: SampleEvent, secrets: string[]): Fixed {
  const root = read(text);
  const filling: Filling = { event, secrets: new Set(secrets), replaced: 0, kept: new Set() };
  const changes: Change[] = [];
  if (root.kind === "object") {
    for (const { key, value } of root.members) {
      if (FILLED.has(key)) visit(text, value, key === "url", filling, changes);
    }
  }
  let done = text;
  for (const { from, to, by } of changes.toReversed()) done = done.slice(0, from) + by + done.slice(to);
  return { text: done, replaced: filling.replaced, kept: [...filling.kept] };
}

interface Change {
  from: number;
  to: number;
  by: string;
}

interface Filling {
  event: SampleEvent;
  secrets: Set<string>;
  replaced: number;
  kept: Set<string>;
}

function visit(text: string, node: Node, url: boolean, filling: Filling, changes: Change[]): void {
  if (node.kind === "list") for (const item of node.items) visit(text, item, url, filling, changes);
  if (node.kind === "object") {
    for (const { key, from, value } of node.members) {
      const to = from + /^"(?:[^"\\]|\\.)*"/.exec(text.slice(from))![0].length;
      change({ from, to }, key, false, filling, changes);
      visit(text, value, url, filling, changes);
    }
  }
  if (node.kind === "text") change(node, node.value, url, filling, changes);
}

function change(
  place: { from: number; to: number },
  value: string,
  url: boolean,
  filling: Filling,
  changes: Change[],
) {
  const filled = filledIn(value, url, filling);
  if (filled !== value)
    changes.push({ from: place.from, to: place.to, by: indented(JSON.stringify(filled)) });
}

function filledIn(source: string, url: boolean, filling: Filling): string {
  const tags = tagsIn(source);
  if (tags.some(({ kind }) => kind === "section")) {
    for (const { name } of tags) filling.kept.add(name);
    return source;
  }
  let done = "";
  let at = 0;
  for (const { kind, name, from, to } of tags) {
    const keep = filling.secrets.has(name);
    done += source.slice(at, from);
    if (keep) {
      filling.kept.add(name);
      done += source.slice(from, to);
    } else if (kind !== "comment") {
      filling.replaced += 1;
      const value = valueIn(filling.event, name) ?? "";
      done +=
        kind === "raw" ? value : url ? encodeURIComponent(value).replaceAll("%2F", "/") : forHtml(value);
    }
    at = to;
  }
  return done + source.slice(at);
}

/** Escaping for HTML, as double braces do it. */
function forHtml(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
