import { keepPreviousData, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { call, type Schemas } from "../../../api/client";
import { type LogFilter, queryOf } from "./filter";
import { begun, type Extent, grown, height, locate, unseen, within } from "./window";

export type Line = Schemas["AttemptLine"];

interface LogPage {
  items: Line[];
  next: string | null;
}

/** What is shown: for which filter, its first page, and how far the rest is known. */
interface Shown {
  for: string;
  first: LogPage;
  extent: Extent;
}

const ROWS = 100;

/** The log as the list needs it. */
export interface Log {
  /** Rows to scroll over; undefined before the first page is there. */
  height: number | undefined;
  /** A row; undefined while its page is fetched. */
  row: (at: number) => Line | undefined;
  /** Tells which rows are in sight. */
  inSight: (from: number, to: number) => void;
  /** Attempts that came since. */
  unseen: { rows: number; more: boolean };
  /** Begins anew from the newest. */
  takeIn: () => void;
  /** Names the filter that what is shown belongs to. */
  shownFor: string | undefined;
  /** Whether what is shown still belongs to the filter before. */
  stale: boolean;
  error: Error | null;
  retry: () => void;
}

/**
 * The log of an integration. What is shown stands still: the newest page is asked for as attempts come, and only
 * `takeIn` puts it in place of the one shown. Older pages never change; they are dropped when out of sight.
 */
export function useLog(integration: string, filter: LogFilter): Log {
  const newest = useQuery({ ...head(integration, filter), placeholderData: keepPreviousData });
  const fresh = newest.isPlaceholderData ? undefined : newest.data;
  const shownFor = JSON.stringify(filter);
  const [shown, setShown] = useState<Shown>();
  const takeIn = useCallback(() => {
    if (fresh) setShown(anew(shownFor, fresh));
  }, [fresh, shownFor]);
  const stale = shown?.for !== shownFor;
  // Nobody is reading an empty log: what comes is taken in at once.
  const overdue = shown?.first.items.length === 0 && (fresh?.items.length ?? 0) > 0;
  if (fresh && (stale || overdue)) setShown(anew(shownFor, fresh));

  const [sight, setSight] = useState({ from: 0, to: 30 });
  const inSight = useCallback(
    (from: number, to: number) =>
      setSight((old) => (old.from === from && old.to === to ? old : { from, to })),
    [],
  );
  const cursors =
    shown && !stale ? within(shown.extent, sight.from, sight.to).filter((one) => one !== "") : [];
  const pages = useQueries({ queries: cursors.map((cursor) => older(integration, filter, cursor)) });
  const loaded = new Map(cursors.map((cursor, at) => [cursor, pages[at]?.data]));
  const behind = shown?.extent.next;
  const last = behind == null ? undefined : loaded.get(behind);
  if (shown && behind != null && last)
    setShown({ ...shown, extent: grown(shown.extent, behind, last.items.length, last.next) });

  const failed = pages.find(({ isError }) => isError);
  return {
    height: shown && height(shown.extent),
    row: (at) => {
      const place = shown && locate(shown.extent, at);
      if (!place) return undefined;
      return (place.cursor === "" ? shown.first : loaded.get(place.cursor))?.items[place.at];
    },
    inSight,
    unseen: shown && fresh && !stale ? unseen(fresh.items, shown.first.items) : { rows: 0, more: false },
    takeIn,
    shownFor: shown?.for,
    stale,
    error: (shown && !newest.isPlaceholderData ? null : newest.error) ?? failed?.error ?? null,
    retry: () => void (failed ?? newest).refetch(),
  };
}

function anew(filter: string, first: LogPage): Shown {
  return { for: filter, first, extent: begun(first.items.length, first.next) };
}

const head = (integration: string, filter: LogFilter) =>
  queryOptions({
    queryKey: ["integration", integration, "log", filter],
    queryFn: () => fetchPage(integration, filter, ""),
  });

/** Behind a cursor the log is written and done: what was fetched once is good until it is let go of. */
const older = (integration: string, filter: LogFilter, cursor: string) =>
  queryOptions({
    queryKey: ["log page", integration, filter, cursor],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 20_000,
    queryFn: () => fetchPage(integration, filter, cursor),
  });

async function fetchPage(integration: string, filter: LogFilter, cursor: string): Promise<LogPage> {
  const query = queryOf(integration, filter);
  query.set("limit", String(ROWS));
  if (cursor !== "") query.set("cursor", cursor);
  const { items, next } = await call<{ items: Line[]; next?: string | null }>(
    "GET",
    `/fieldhook/v1/attempts?${query.toString()}`,
  );
  return { items, next: next ?? null };
}
