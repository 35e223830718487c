import { queryOptions } from "@tanstack/react-query";

import { answered, api } from "../../api/client";
import { queryClient } from "../../api/queries";

/** The names of a scope's secrets. */
export const secretNames = (scope: string) =>
  queryOptions({
    queryKey: ["secrets", scope],
    queryFn: async () => {
      const { items } = await answered(api.GET("/fieldhook/v1/secrets", { params: { query: { scope } } }));
      return items.map(({ name }) => name);
    },
  });

/** Keeps a secret in a scope; one of the same name is replaced. */
export async function keepSecret(scope: string, name: string, value: string): Promise<void> {
  const params = { path: { name }, query: { scope } };
  await answered(api.PUT("/fieldhook/v1/secrets/{name}", { params, body: { value } }));
  await queryClient.invalidateQueries({ queryKey: secretNames(scope).queryKey });
}
