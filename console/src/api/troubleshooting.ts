import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answered, api, type Schemas } from "./client";

export type Card = Schemas["Card"];
export type Fact = Schemas["Fact"];
export type Step = Schemas["Step"];
export type Action = Schemas["Action"];
export type Issue = Schemas["IssueLine"];
export type IssueState = Schemas["IssueState"];
export type Replay = Schemas["Replay"];
export type ReplayRequest = Schemas["ReplayRequest"];

/** What is wrong with an integration. Looked at anew when its log changes. */
export const diagnosis = (integration: string) =>
  queryOptions({
    queryKey: ["integration", integration, "diagnosis"],
    queryFn: () =>
      answered(
        api.GET("/fieldhook/v1/integrations/{id}/diagnosis", { params: { path: { id: integration } } }),
      ),
  });

/** How far the events of the last day came. */
export const funnel = (integration: string) =>
  queryOptions({
    queryKey: ["integration", integration, "funnel"],
    queryFn: () =>
      answered(api.GET("/fieldhook/v1/integrations/{id}/funnel", { params: { path: { id: integration } } })),
  });

/** One issue. */
export const issue = (id: string) =>
  queryOptions({
    queryKey: ["integrations", "issue", id],
    queryFn: () => answered(api.GET("/fieldhook/v1/issues/{id}", { params: { path: { id } } })),
  });

/** The issues of a scope, page by page; of every state when none is named. */
export const issues = (scope: string, state?: string) =>
  infiniteQueryOptions({
    // `integrations`: what changes an integration's log changes its issues.
    queryKey: ["integrations", "issues", scope, state ?? ""],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/fieldhook/v1/issues", {
          params: {
            query: { scope, limit: 50, ...(state && { state }), ...(pageParam && { cursor: pageParam }) },
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** Puts an issue where a person says it stands. */
export function changeIssue(id: string, state: IssueState) {
  return answered(api.PATCH("/fieldhook/v1/issues/{id}", { params: { path: { id } }, body: { state } }));
}

/** Two attempts side by side: both named, or those that an issue lies between. */
export const comparison = (asked: { a?: string; b?: string; issue?: string }) =>
  queryOptions({
    queryKey: ["compare", asked],
    queryFn: () => answered(api.GET("/fieldhook/v1/compare", { params: { query: asked } })),
  });

/** What a replay would be about. */
export async function dryRun(request: ReplayRequest): Promise<Schemas["DryRun"]> {
  const answer = await answered(api.POST("/fieldhook/v1/replays", { body: { ...request, dry_run: true } }));
  return answer as Schemas["DryRun"];
}

/** Begins a replay. */
export async function beginReplay(request: ReplayRequest): Promise<Replay> {
  return (await answered(api.POST("/fieldhook/v1/replays", { body: request }))) as Replay;
}

/** How a replay stands; asked every second while it runs. */
export const replay = (id: string) =>
  queryOptions({
    queryKey: ["replay", id],
    queryFn: () => answered(api.GET("/fieldhook/v1/replays/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && state.data.state !== "running" ? false : 1_000),
  });

/** The replays of an integration, newest first. */
export const replays = (integration: string) =>
  infiniteQueryOptions({
    queryKey: ["integration", integration, "replays"],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/fieldhook/v1/replays", {
          params: { query: { integration, limit: 10, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
