/** The tags of a template's text: `{{name}}`, `{{{name}}}`, `{{&name}}`, and those of sections and comments. */

export interface Tag {
  /** What the tag does: fills a value in, escaped for HTML or as it is, or something else. */
  kind: "escaped" | "raw" | "section" | "comment";
  name: string;
  from: number;
  to: number;
}

/** Every tag, in order. What is opened and never closed is none; the server says so. */
export function tagsIn(text: string): Tag[] {
  const tags: Tag[] = [];
  for (const { 0: whole, 1: raw, 2: sigil = "", 3: inside = "", index } of text.matchAll(TAG)) {
    const name = (raw ?? inside).trim();
    tags.push({
      kind: raw === undefined ? (KINDS[sigil] ?? "escaped") : "raw",
      name,
      from: index,
      to: index + whole.length,
    });
  }
  return tags;
}

const TAG = /\{\{\{([^{}]*)\}\}\}|\{\{\s*([#^/&!]?)([^{}]*?)\}\}/g;
const KINDS: Record<string, Tag["kind"]> = {
  "#": "section",
  "^": "section",
  "/": "section",
  "!": "comment",
  "&": "raw",
};

/** The names that a text asks for, each once. */
export function namesIn(text: string): string[] {
  return [
    ...new Set(
      tagsIn(text)
        .filter(({ kind }) => kind !== "comment")
        .map(({ name }) => name),
    ),
  ];
}

/** Variables whose value never holds a character that JSON would have escaped. */
const SAFE = new Set([
  "PARTICLE_DEVICE_ID",
  "PARTICLE_PUBLISHED_AT",
  "PARTICLE_EVENT_ID",
  "PARTICLE_EVENT_BASE64",
  "PARTICLE_EVENT_PUBLIC",
  "SPARK_CORE_ID",
  "SPARK_PUBLISHED_AT",
  "PRODUCT_ID",
  "PRODUCT_VERSION",
]);

/**
 * Variables that stand unescaped between the quotes of a JSON text: the first value with a quote, a backslash or a
 * line break in it breaks the document.
 */
export function unescapedStrings(json: string): string[] {
  const tags = tagsIn(json);
  const found = new Set<string>();
  let quoted = false;
  for (let at = 0; at < json.length; at += 1) {
    const tag = tags.find(({ from }) => from === at);
    if (tag) {
      if (quoted && tag.kind === "raw" && !SAFE.has(tag.name)) found.add(tag.name);
      at = tag.to - 1;
    } else if (quoted && json[at] === "\\") at += 1;
    else if (json[at] === '"') quoted = !quoted;
  }
  return [...found];
}
