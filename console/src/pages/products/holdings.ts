import { queryOptions } from "@tanstack/react-query";

import { answered, api } from "../../api/client";

/** How many integrations each product and organisation of mine holds, by scope (`product:42`). */
export const holdings = queryOptions({
  queryKey: ["holdings"],
  staleTime: 30_000,
  queryFn: async () => {
    const { elsewhere } = await answered(
      api.GET("/fieldhook/v1/integrations", { params: { query: { limit: 1 } } }),
    );
    return new Map(elsewhere.map(({ scope, integrations }) => [scope, integrations]));
  },
});

/** What a table shows for a scope: its count, zero when the answer does not name it, a dash while there is none. */
export function held(counts: Map<string, number> | undefined, scope: string): string {
  return counts === undefined ? "–" : String(counts.get(scope) ?? 0);
}
