/**
 * JSON text with line breaks and indents; none when it is not JSON, or is a plain value that gains nothing.
 *
 * Only space is changed. To read it and write it anew would turn `1.10` into `1.1` and round a long id, and who
 * looks for a fault must see what was sent.
 */
export function pretty(text: string): string | undefined {
  if (!isStructure(text)) return undefined;
  let depth = 0;
  let out = "";
  for (const token of text.match(TOKEN) ?? []) {
    const first = token[0] ?? "";
    if (token.length > 1 && (first === "{" || first === "[")) out += token.replace(/\s/g, "");
    else if (first === "{" || first === "[") out += token + line(++depth);
    else if (first === "}" || first === "]") out += line(--depth) + token;
    else if (token === ",") out += token + line(depth);
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
}

/** Texts and empty structures whole, marks one by one, everything else up to the next mark or space. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g;

function line(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

function isStructure(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
