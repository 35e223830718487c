import { queryOptions } from "@tanstack/react-query";

import { call } from "../../api/client";
import { base, type Scope } from "../../api/scope";
import { type Firing, type Listed, type Standing, wouldFire } from "./wouldFire";

/** Every integration of a scope, with the keys of its template. */
export function integrationsOf(scope: Scope) {
  return queryOptions({
    queryKey: ["integrations", "listed", base(scope)],
    queryFn: () => call<Listed[]>("GET", `${base(scope)}/integrations`),
  });
}

/** The scopes whose integrations may fire for a device: the reader's own, its product's, its organisation's. */
export function scopesFor(user: string, product: number | undefined, org: string | undefined): Scope[] {
  return [
    { kind: "me", user },
    ...(product === undefined ? [] : [{ kind: "product", id: product } as const]),
    ...(org === undefined ? [] : [{ kind: "org", id: org } as const]),
  ];
}

/** One integration with what it makes of the device. */
export interface Judged {
  integration: Listed;
  firing: Firing;
}

/** The integrations judged for a device: those that fire first, each kind by the names they wait for. */
export function judged(integrations: Listed[], standing: Standing): Judged[] {
  return integrations
    .map((integration) => ({ integration, firing: wouldFire(integration, standing) }))
    .toSorted(
      (a, b) =>
        Number(b.firing.fires) - Number(a.firing.fires) ||
        a.integration.event.localeCompare(b.integration.event),
    );
}
