import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answered, api, type Schemas } from "./client";

/** Which stored events are wanted. Times are RFC 3339. */
export interface Wanted {
  scope: string;
  name?: string;
  device?: string;
  q?: string;
  since?: string;
  until?: string;
}

/** Stored events, newest first, page by page. */
export function storedEvents(wanted: Wanted) {
  return infiniteQueryOptions({
    queryKey: ["events", wanted],
    staleTime: 30_000,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/fieldhook/v1/events", { params: { query: { ...wanted, limit: 100, cursor: pageParam } } }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

/** How long after an event came in its trace and deliveries may still change by themselves. */
const SETTLING = 15_000;

/** An event with what it triggered, asked for again until that has settled. */
export function oneEvent(id: string) {
  return queryOptions({
    queryKey: ["event", id],
    queryFn: () => answered(api.GET("/fieldhook/v1/events/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data ? again(state.data, Date.now()) : false),
  });
}

/** In how many milliseconds to ask again what became of an event; never, once nothing is left to happen. */
export function again(story: Schemas["EventStory"], now: number): number | false {
  if (now - Date.parse(story.published_at) < SETTLING) return 1_500;
  return story.deliveries.some(({ verdict }) => verdict === "waiting") ? 5_000 : false;
}
