import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import type { Day } from "./days";
import { answered, api, type Schemas } from "../../api/client";

/** What operations are summed by. */
export type By = "product" | "integration" | "device" | "day";

/** Which operations: those of one scope, or of all that I may see when there is none. */
export interface Which {
  scope: string | undefined;
  since: Day;
  until: Day;
}

const MOST = 1_000;
/** Operations come all the time; this often is soon enough to watch them. */
const REFRESH = 10_000;

const page = (by: By, which: Which, limit: number, cursor?: string): Promise<Schemas["Usage"]> =>
  answered(api.GET("/fieldhook/v1/usage", { params: { query: { by, ...which, limit, cursor } } }));

/** Every day of the range that has operations, and their sum. */
export const usageByDay = (which: Which) =>
  queryOptions({
    queryKey: ["usage", "days", which],
    refetchInterval: REFRESH,
    queryFn: () => page("day", which, MOST),
  });

/** The lines of a table, a page at a time. */
export const usageBy = (by: By, which: Which) =>
  infiniteQueryOptions({
    queryKey: ["usage", "lines", by, which],
    initialPageParam: "",
    refetchInterval: REFRESH,
    queryFn: ({ pageParam }) => page(by, which, 50, pageParam || undefined),
    getNextPageParam: ({ next }) => next,
  });

/** What cost most: the first lines. */
export const costliest = (by: By, which: Which) =>
  queryOptions({
    queryKey: ["usage", "first", by, which],
    refetchInterval: REFRESH,
    queryFn: async () =>
      (await page(by, which, 2)).items.find(({ key, operations }) => key !== "" && operations > 0) ?? null,
  });

/** Every line there is, from all pages. */
export async function everyLine(by: By, which: Which): Promise<Schemas["UsageLine"][]> {
  const lines: Schemas["UsageLine"][] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await page(by, which, MOST, cursor);
    lines.push(...items);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return lines;
}
