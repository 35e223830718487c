import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answered, api, call, type Schemas } from "./client";
import type { IntegrationStory, Overview } from "./shapes";
import { base, scopeOfApi } from "./scope";

/** Which integrations of a scope are asked for. */
export interface OverviewFilter {
  state?: "failing" | "asleep" | "disabled";
  host?: string;
  q?: string;
}

/** The integrations of a scope, page by page. */
export const overviews = (scope: string, filter: OverviewFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["integrations", scope, filter],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) => {
      const query = new URLSearchParams({ scope, limit: "200" });
      for (const [name, value] of Object.entries({ ...filter, cursor: pageParam }))
        if (value) query.set(name, value);
      return call<Overview>("GET", `/fieldhook/v1/integrations?${query.toString()}`);
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** One integration with its template and its last 30 days, whatever scope it lives in. */
export const overview = (id: string) =>
  queryOptions({
    queryKey: ["integration", id, "overview"],
    queryFn: () => call<IntegrationStory>("GET", `/fieldhook/v1/integrations/${id}`),
  });

/** What the server keeps of each save. */
export type Revision = Omit<Schemas["RevisionRecord"], "template"> & {
  template: Record<string, unknown>;
  saved_by_name?: string | null;
};

/** The revisions of an integration, newest first. */
export const revisions = (id: string, scope: string) =>
  infiniteQueryOptions({
    queryKey: ["revisions", id],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      call<{ items: Revision[]; next?: string | null }>(
        "GET",
        `${pathOf(id, scope)}/revisions?limit=100${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`,
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** Where the routes of one integration begin. */
export function pathOf(id: string, scope: string): string {
  return `${base(scopeOfApi(scope))}/integrations/${id}`;
}

/** One attempt, whole. It never changes once it is written. */
export const attempt = (id: string) =>
  queryOptions({
    queryKey: ["attempt", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => call<Schemas["Attempt"]>("GET", `/fieldhook/v1/attempts/${id}`),
  });

/** One delivery with its attempts; what waits changes with its integration. */
export const delivery = (id: string, integration: string) =>
  queryOptions({
    queryKey: ["integration", integration, "delivery", id],
    queryFn: () => answered(api.GET("/fieldhook/v1/deliveries/{id}", { params: { path: { id } } })),
  });
