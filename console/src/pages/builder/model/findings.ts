/** What the server found in a template, told apart, and put where it belongs. */
import type { Schemas } from "../../../api/client";
import type { Mark } from "../../../parts/CodeEditor";
import { JsonFault, member, type Node, placeInside, read } from "./json";
import { tagsIn } from "./tags";

export type Finding = Schemas["RenderFinding"];

/**
 * What a finding is about. Three look alike to an author and are never mixed: the template is broken, so no event can
 * mend it; it is JSON only once it is filled in, and nothing is wrong; what it became with this event is broken, and
 * another event may do. A secret without a value is none of these, and all else is worth a look.
 */
export type Kind = "template" | "whenFilled" | "result" | "secret" | "look";

/** Tells what a finding is about, by its code. */
export function kindOf({ level, code, message, where }: Finding): Kind {
  if (code === "json-when-filled") return "whenFilled";
  if (level !== "error") return "look";
  if (code === "render" && where.field === "secrets") return "secret";
  if (code === "json-broken" || code === "render") return "result";
  // One code for two limits: that on what is saved, and that on what it becomes.
  if (code === "too-large" && !message.includes("bytes long, over the limit")) return "result";
  return "template";
}

/** The findings by what they are about, in the order they came. */
export function sorted(findings: Finding[]): Record<Kind, Finding[]> {
  const kinds: Record<Kind, Finding[]> = { template: [], whenFilled: [], result: [], secret: [], look: [] };
  for (const finding of findings) kinds[kindOf(finding)].push(finding);
  return kinds;
}

/** The first error of a field, or of anything below it, for the field to show. */
export function errorOf(findings: Finding[], field: string): string | undefined {
  const here = findings.find(
    ({ level, where }) =>
      level === "error" && (where.field === field || where.field?.startsWith(`${field}.`)),
  );
  return here?.message;
}

/** The variable that a broken result names as the one that broke it. */
export function culpritOf({ message }: Finding): string | undefined {
  return /at the value of `([^`]+)`/.exec(message)?.[1];
}

/** Where the findings stand in the text of a whole template. */
export function marksIn(text: string, findings: Finding[]): Mark[] {
  return marksOf(text, findings, "");
}

/** Where the findings about one key stand in the text of that key's own editor. */
export function marksOfField(text: string, findings: Finding[], key: string, composite: boolean): Mark[] {
  const own = findings.filter(({ where }) => where.field === key || where.field?.startsWith(`${key}.`));
  if (composite) return marksOf(text, own, key);
  return own.map((finding) => ({ ...said(finding), ...placeInText(text, finding) }));
}

function marksOf(text: string, findings: Finding[], below: string): Mark[] {
  let root: Node;
  try {
    root = read(text);
  } catch (fault) {
    if (fault instanceof JsonFault) return [];
    throw fault;
  }
  return findings.map((finding) => {
    const path = finding.where.field ?? "";
    const found = descend(root, below === "" ? path : path.slice(below.length + 1));
    if (!found) return said(finding);
    const inside = found.kind === "text" ? placeInText(found.value, finding) : {};
    const at = inside.line ? placeInside(text, found, inside.line, inside.column ?? 1) : found.from;
    return { ...said(finding), ...lineAndColumn(text, at) };
  });
}

/**
 * The place within a field's text. A broken result counts lines in what the template became, not in the template:
 * there the tag of the variable at fault is shown instead.
 */
function placeInText(text: string, finding: Finding): { line?: number; column?: number } {
  if (kindOf(finding) !== "result") {
    return { line: finding.where.line ?? undefined, column: finding.where.column ?? undefined };
  }
  const culprit = culpritOf(finding);
  const tag = tagsIn(text).find(({ name }) => name === culprit);
  return tag ? lineAndColumn(text, tag.from) : {};
}

/** The value at a dotted path; keys may hold dots themselves, so longer keys are tried first. */
export function descend(node: Node, path: string): Node | undefined {
  if (path === "") return node;
  if (node.kind === "list") {
    const [at = "", ...rest] = path.split(".");
    const item = node.items[Number(at)];
    return item && descend(item, rest.join("."));
  }
  const words = path.split(".");
  for (let count = words.length; count > 0; count -= 1) {
    const below = member(node, words.slice(0, count).join("."));
    const found = below && descend(below, words.slice(count).join("."));
    if (found) return found;
  }
  return undefined;
}

function said({ level, message }: Finding): Mark {
  return { level: level === "error" || level === "warning" ? level : "note", message };
}

function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
