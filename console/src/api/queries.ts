import { MutationCache, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";

import { answered, api, ApiError, call, rememberCsrf } from "./client";
import type { Session } from "./shapes";

/** Asking again cannot mend an answer that the server meant. */
function worthAnotherTry(failures: number, error: Error): boolean {
  const meant = error instanceof ApiError && error.status < 500;
  return !meant && failures < 2;
}

/** A session that has ended shows with whatever is asked next; from then on nobody is signed in. */
function noticeTheEnd(error: Error): void {
  const ended = error instanceof ApiError && error.status === 401 && error.code === "invalid_token";
  if (ended && queryClient.getQueryData(session.queryKey)) queryClient.setQueryData(session.queryKey, null);
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeTheEnd }),
  mutationCache: new MutationCache({ onError: noticeTheEnd }),
  defaultOptions: { queries: { staleTime: 5_000, retry: worthAnotherTry, refetchOnWindowFocus: true } },
});

/** Who is signed in; null when nobody is. */
export const session = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Session | null> => {
    try {
      const found = await call<Session>("GET", "/fieldhook/v1/session");
      rememberCsrf(found.csrf);
      return found;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export async function signIn(username: string, password: string): Promise<void> {
  const made = await call<Session>("POST", "/fieldhook/v1/session", { username, password });
  rememberCsrf(made.csrf);
  changeHands(made);
}

export async function signOut(): Promise<void> {
  await call("DELETE", "/fieldhook/v1/session");
  changeHands(null);
}

/** Forgets what the person before could see. The session itself stays, so that pages that watch it are told. */
function changeHands(to: Session | null): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== session.queryKey[0] });
  queryClient.setQueryData(session.queryKey, to);
}

/** Makes the first administrator, who is signed in by the answer; asking for the session brings the rest. */
export async function setUp(token: string, username: string, password: string): Promise<void> {
  await answered(api.POST("/fieldhook/v1/setup", { body: { token, username, password } }));
  changeHands(await queryClient.fetchQuery({ ...session, staleTime: 0 }));
}

export const products = queryOptions({
  queryKey: ["products"],
  queryFn: async () => (await answered(api.GET("/v1/user/products"))).products,
});

export const organisations = queryOptions({
  queryKey: ["organisations"],
  queryFn: async () => (await answered(api.GET("/v1/orgs"))).organizations,
});

export const status = queryOptions({
  queryKey: ["status"],
  refetchInterval: 10_000,
  queryFn: () => answered(api.GET("/status.json")),
});
