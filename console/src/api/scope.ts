/**
 * Whose things a page shows. In the address it is one word: `me`, `product-42` or `org-<id>`; in the API it is
 * `user:<id>`, `product:42` or `org:<id>`.
 */
export type Scope =
  { kind: "me"; user: string } | { kind: "product"; id: number } | { kind: "org"; id: string };

/** The scope that a word of the address names, for the person who is signed in; none when it is no scope. */
export function scopeOfSlug(slug: string, user: string): Scope | undefined {
  if (slug === "me") return { kind: "me", user };
  const product = /^product-(\d+)$/.exec(slug)?.[1];
  if (product !== undefined) return { kind: "product", id: Number(product) };
  const org = /^org-([0-9a-f]{24})$/.exec(slug)?.[1];
  return org === undefined ? undefined : { kind: "org", id: org };
}

/** The scope's word in the address. */
export function slugOf(scope: Scope): string {
  return scope.kind === "me" ? "me" : `${scope.kind}-${scope.id}`;
}

/** The scope as the API writes it. */
export function apiScope(scope: Scope): string {
  return scope.kind === "me" ? `user:${scope.user}` : `${scope.kind}:${scope.id}`;
}

/** The word in the address for a scope that the API wrote; somebody else's own scope has none and shows as `me`. */
export function slugOfApi(scope: string): string {
  const [kind = "", id = ""] = scope.split(":");
  return kind === "product" || kind === "org" ? `${kind}-${id}` : "me";
}

/** Where the routes of a scope begin: `/v1`, `/v1/products/42` or `/v1/orgs/<id>`. */
export function base(scope: Scope): string {
  if (scope.kind === "me") return "/v1";
  return scope.kind === "product" ? `/v1/products/${scope.id}` : `/v1/orgs/${scope.id}`;
}

/** The scope that the API wrote. */
export function scopeOfApi(scope: string): Scope {
  const [kind, id = ""] = scope.split(":");
  if (kind === "product") return { kind, id: Number(id) };
  return kind === "org" ? { kind, id } : { kind: "me", user: id };
}
