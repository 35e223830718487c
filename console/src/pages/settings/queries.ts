import { queryOptions } from "@tanstack/react-query";

import { answered, api, call, type Schemas } from "../../api/client";
import { apiScope, base, type Scope } from "../../api/scope";

/** My tokens, the newest first. */
export const tokens = queryOptions({
  queryKey: ["tokens"],
  queryFn: () => answered(api.GET("/v1/access_tokens")),
});

/** The names of a scope's secrets. */
export const secrets = (scope: string) =>
  queryOptions({
    queryKey: ["secrets", scope],
    queryFn: async () =>
      (await answered(api.GET("/fieldhook/v1/secrets", { params: { query: { scope } } }))).items,
  });

/** The team of a product or an organisation, by when they joined. */
export const team = (scope: Scope) =>
  queryOptions({
    queryKey: ["team", apiScope(scope)],
    queryFn: async () => (await call<Schemas["Team"]>("GET", `${base(scope)}/team`)).team,
  });
