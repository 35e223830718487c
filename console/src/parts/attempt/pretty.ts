/** A body laid out for reading, and what it was read as. */
export type Pretty = { as: "json" | "text"; text: string } | { as: "form"; fields: [string, string][] };

/**
 * Lays a body out by its content type; one that lies about itself, or says nothing, is tried as JSON and shown as
 * it is when it is none. Numbers are left as they were written where parsing would change them.
 */
export function pretty(text: string, contentType = ""): Pretty {
  if (contentType.startsWith("application/x-www-form-urlencoded"))
    return { as: "form", fields: [...new URLSearchParams(text)] };
  return /^\s*[[{]/.test(text) && parses(text) ? { as: "json", text: laidOut(text) } : { as: "text", text };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Indents valid JSON token by token: parsing and printing would round large numbers and lose keys that repeat. */
function laidOut(json: string): string {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  return tokens
    .map((token, at) => {
      const next = tokens[at + 1] ?? "";
      if (token === "{" || token === "[") {
        depth += 1;
        return next === "}" || next === "]" ? token : token + line();
      }
      if (token === "}" || token === "]") {
        depth -= 1;
        const before = tokens[at - 1];
        return before === "{" || before === "[" ? token : line() + token;
      }
      if (token === ",") return token + line();
      return token === ":" ? ": " : token;
    })
    .join("");
}

/** The value of a header, whatever its case. */
export function header(headers: [string, string][], name: string): string {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
}
