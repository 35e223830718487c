const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * JSON set out in lines; nothing when the text is no JSON. Parsing and printing would do it too, but would change
 * what was sent: long numbers lose digits, and of keys that come twice one goes.
 */
export function indented(json: string): string | undefined {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  const tokens = json.match(TOKEN) ?? [];
  let depth = 0;
  let out = "";
  const line = () => "\n" + "  ".repeat(depth);
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (token === "}" || token === "]") {
      depth -= 1;
      out += before === "{" || before === "[" ? token : line() + token;
    } else if (token === "," || token === ":") {
      out += token === ":" ? ": " : token;
    } else {
      out += (before === "," || before === "{" || before === "[" ? line() : "") + token;
      if (token === "{" || token === "[") depth += 1;
    }
  }
  return out;
}
