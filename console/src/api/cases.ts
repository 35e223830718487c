import { queryOptions } from "@tanstack/react-query";

import { answered, api, readText, type Schemas } from "./client";

/** What a case is to hold: a window, and events that are said to be missing. */
export interface Asked {
  since: string;
  missing: string[];
}

/** The case of an integration as text: a page that needs no server, or JSON. */
export function caseAs(
  format: "html" | "json",
  integration: string,
  { since, missing }: Asked,
): Promise<string> {
  const query = new URLSearchParams({ format, since });
  if (missing.length > 0) query.set("missing", missing.join(","));
  return readText(`/fieldhook/v1/integrations/${integration}/case?${query.toString()}`);
}

/** The links to cases of an integration that have not ended. */
export const caseLinks = (integration: string) =>
  queryOptions({
    queryKey: ["case links", integration],
    queryFn: async () =>
      (
        await answered(
          api.GET("/fieldhook/v1/integrations/{id}/case/links", { params: { path: { id: integration } } }),
        )
      ).items,
  });

/** Makes a link that shows the case as it is now; its address is told this once. */
export function makeCaseLink(
  integration: string,
  { since, missing }: Asked,
  expires_in: number,
): Promise<Schemas["CaseLink"]> {
  return answered(
    api.POST("/fieldhook/v1/integrations/{id}/case/links", {
      params: { path: { id: integration } },
      body: { since, missing, expires_in },
    }),
  );
}

/** Ends a link. */
export function revokeCaseLink(integration: string, link: string) {
  return answered(
    api.DELETE("/fieldhook/v1/integrations/{id}/case/links/{link}", {
      params: { path: { id: integration, link } },
    }),
  );
}
