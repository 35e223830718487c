/** Changes to a template's text that touch one key and leave every other character as it is. */
import { type Member, read } from "./json";

/** A template to begin with. */
export const EMPTY = '{\n  "event": "",\n  "url": ""\n}';

/** Puts a value, given as JSON text, under a key of the outermost object; a new key comes last. */
export function setRaw(text: string, key: string, raw: string): string {
  const members = outermost(text);
  const present = members.findLast((member) => member.key === key);
  if (present) return replaced(text, present.value.from, present.value.to, raw);
  const last = members.at(-1);
  const written = `${JSON.stringify(key)}: ${raw}`;
  if (!last) return `{\n  ${written}\n}`;
  return replaced(text, last.value.to, last.value.to, `,${before(text, members)}${written}`);
}

/** Puts a value under a key. */
export function set(text: string, key: string, value: unknown): string {
  return setRaw(text, key, pretty(value));
}

/** Takes a key out, wherever it stands and however often. */
export function remove(text: string, key: string): string {
  const members = outermost(text);
  const at = members.findIndex((member) => member.key === key);
  if (at < 0) return text;
  const next = members[at + 1];
  const previous = members[at - 1];
  const here = members[at]!;
  if (members.length === 1) return remove(replaced(text, here.from, here.value.to, ""), key);
  const [from, to] = next ? [here.from, next.from] : [previous?.value.to ?? here.from, here.value.to];
  return remove(replaced(text, from, to, ""), key);
}

/** Puts a value under a key, or takes the key out when there is none. */
export function put(text: string, key: string, value: unknown): string {
  return value === undefined ? remove(text, key) : set(text, key, value);
}

/** A value as it is written into a template: indented by two, one level in. */
export function pretty(value: unknown): string {
  return indented(JSON.stringify(value, null, 2));
}

/** A JSON text moved one level in; texts of JSON have no line breaks of their own. */
export function indented(json: string): string {
  return json.replaceAll("\n", "\n  ");
}

function outermost(text: string): Member[] {
  const node = read(text);
  if (node.kind !== "object") throw new TypeError("a template is an object");
  return node.members;
}

/** What stands in front of a key: as in front of the last one, so that the author's layout goes on. */
function before(text: string, members: Member[]): string {
  const last = members.at(-1)!;
  const from = members.at(-2)?.value.to ?? text.indexOf("{") + 1;
  const gap = text.slice(from, last.from).replace(",", "");
  return gap === "" ? " " : gap;
}

function replaced(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}
