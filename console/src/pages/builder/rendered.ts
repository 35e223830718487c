/** What the server makes of the draft: asked anew a moment after each change, the last answer kept meanwhile. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { callWithJson, type Schemas } from "../../api/client";
import type { SampleEvent } from "./model/variables";

/** A draft, and what it is to be tried with. */
export interface Trial {
  /** The template as it is written; it goes out so, for a number must keep its digits and a key its place. */
  text: string;
  scope: string;
  integration: string | undefined;
}

/** A body that tries a template; the other members are put in front of it. */
export function trialBody({ text, scope, integration }: Trial, more: Record<string, unknown> = {}): string {
  const rest = JSON.stringify({ ...more, ...(integration === undefined ? { scope } : { integration }) });
  return `${rest.slice(0, -1)},"template":${text}}`;
}

/** The request that the draft would send for an event, and what is to be said of it. */
export function useRendered(trial: Trial, event: SampleEvent, enabled: boolean) {
  const [asked] = useDebouncedValue(trial, 200);
  const [of] = useDebouncedValue(event, 200);
  return useQuery({
    queryKey: ["render", asked, of],
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: () =>
      callWithJson<Schemas["Rendered"]>("POST", "/fieldhook/v1/render", trialBody(asked, { event: of })),
  });
}

/** How many of the last matching events the draft renders. */
export function check(trial: Trial, limit = 100): Promise<Schemas["Checked"]> {
  return callWithJson<Schemas["Checked"]>("POST", "/fieldhook/v1/render/check", trialBody(trial, { limit }));
}

/** The same, as the draft is written; slower to ask, for it costs a hundred times as much. */
export function useChecked(trial: Trial, enabled: boolean) {
  const [asked] = useDebouncedValue(trial, 1_000);
  return useQuery({
    queryKey: ["render-check", asked],
    enabled,
    staleTime: 30_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: () => check(asked),
  });
}
