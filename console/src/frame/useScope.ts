import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import type { Schemas } from "../api/client";
import { organisations, products, session } from "../api/queries";
import { type Scope, scopeOfSlug } from "../api/scope";

/** Whose things the page shows, what to call them, and what the person may do with them. */
export interface Place {
  slug: string;
  scope: Scope;
  name: string;
  role: Schemas["Role"];
  /** Whether it is one of the person's; undefined until that has been answered. */
  known: boolean | undefined;
}

/** The scope of the address. Routes below `/$scope` only: the router has checked the word. */
export function useScope(): Place {
  const { scope: slug = "me" } = useParams({ strict: false });
  const { data: signedIn } = useQuery(session);
  const { data: mine } = useQuery({ ...products, enabled: slug.startsWith("product-") });
  const { data: orgs } = useQuery({ ...organisations, enabled: slug.startsWith("org-") });
  const scope = scopeOfSlug(slug, signedIn?.user.id ?? "") ?? { kind: "me", user: signedIn?.user.id ?? "" };
  if (scope.kind === "me") return { slug, scope, name: "My devices", role: "owner", known: true };
  const all = scope.kind === "product" ? mine : orgs;
  const found = all?.find(({ id }) => id === scope.id);
  return {
    slug,
    scope,
    name: found?.name ?? slug,
    role: found?.role ?? "view-only",
    known: all && found !== undefined,
  };
}

const RANK: Schemas["Role"][] = ["view-only", "support", "developer", "administrator", "owner"];

/** Whether a role allows at least what another does. */
export function atLeast(role: Schemas["Role"], needed: Schemas["Role"]): boolean {
  return RANK.indexOf(role) >= RANK.indexOf(needed);
}
