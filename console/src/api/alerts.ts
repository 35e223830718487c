import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answered, api, type Schemas } from "./client";

export type Alert = Schemas["AlertLine"];
export type AlertKind = Schemas["AlertKind"];
export type AlertSettings = Schemas["AlertSettings"];
export type Channels = Schemas["AlertChannels"];

/** Alerts are raised a moment after what they are about has changed, so they are asked for now and then, too. */
const FRESH = 10_000;

/** What the bell shows: the newest open alerts of every scope that the person sees. */
export const bell = queryOptions({
  // `integrations`: most alerts come with a change of an integration's log.
  queryKey: ["integrations", "alerts", "bell"],
  queryFn: () =>
    answered(api.GET("/fieldhook/v1/alerts", { params: { query: { state: "open", limit: 6 } } })),
  refetchInterval: FRESH,
});

/** The alerts of a scope, page by page. */
export const alerts = (scope: string, state: "open" | "over") =>
  infiniteQueryOptions({
    queryKey: ["integrations", "alerts", scope, state],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/fieldhook/v1/alerts", {
          params: { query: { scope, state, limit: 50, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: FRESH,
  });

/** Notes that the person has seen what the bell shows. */
export function markSeen() {
  return answered(api.PUT("/fieldhook/v1/alerts/seen"));
}

/** Ends an alert. */
export function dismiss(id: string) {
  return answered(api.POST("/fieldhook/v1/alerts/{id}/dismiss", { params: { path: { id } } }));
}

/** Where the alerts of a scope go. */
export const channels = (scope: string) =>
  queryOptions({
    queryKey: ["alert channels", scope],
    queryFn: () => answered(api.GET("/fieldhook/v1/alerts/settings", { params: { query: { scope } } })),
  });

/** Changes where they go. */
export function setChannels(scope: string, settings: AlertSettings): Promise<Channels> {
  return answered(api.PUT("/fieldhook/v1/alerts/settings", { params: { query: { scope } }, body: settings }));
}

/** Tries whether alerts reach those whom they should. */
export function tryOut(scope: string): Promise<Schemas["AlertTest"]> {
  return answered(api.POST("/fieldhook/v1/alerts/test", { params: { query: { scope } } }));
}
