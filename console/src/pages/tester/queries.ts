import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { Settings } from "./answer";
import { call, type Schemas } from "../../api/client";

// Not by `api`: its types turn the pairs that headers are into lists of any length.
const TESTER = "/fieldhook/v1/tester";

/** Requests on a page of what an endpoint caught. */
const REQUESTS = "50";

/** The throw-away endpoints of a scope, the newest first. */
export const endpointsOf = (scope: string) =>
  infiniteQueryOptions({
    queryKey: ["tester", "of", scope],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      call<Schemas["Listed_Endpoint"]>("GET", `${TESTER}?${query({ scope, cursor: pageParam })}`),
    getNextPageParam: ({ next }) => next,
  });

/** One endpoint and how it answers. */
export const endpoint = (id: string) =>
  queryOptions({
    queryKey: ["tester", id],
    queryFn: () => call<Schemas["Endpoint"]>("GET", at(id)),
  });

/** What an endpoint caught, the newest first; with `q`, what holds that text. */
export const caughtBy = (id: string, q: string) =>
  infiniteQueryOptions({
    queryKey: ["tester", id, "requests", q],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      call<Schemas["Listed_CaughtRequest"]>(
        "GET",
        `${at(id)}/requests?${query({ q, limit: REQUESTS, cursor: pageParam })}`,
      ),
    getNextPageParam: ({ next }) => next,
  });

/** Where an endpoint tells what it catches, as it happens. */
export const stream = (id: string) => `${at(id)}/requests`;

/** Makes an endpoint in a scope. */
export const make = (scope: string) => call<Schemas["Endpoint"]>("POST", TESTER, { scope });

/** Says how an endpoint shall answer from now on. */
export const answerBy = (id: string, settings: Settings) =>
  call<Schemas["Endpoint"]>("PUT", `${at(id)}/answer`, settings);

/** Forgets an endpoint. */
export const forget = (id: string) => call("DELETE", at(id));

/** Forgets what an endpoint caught. */
export const clear = (id: string) => call("DELETE", `${at(id)}/requests`);

const at = (id: string) => `${TESTER}/${encodeURIComponent(id)}`;

function query(params: Record<string, string>): string {
  return new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "")).toString();
}
