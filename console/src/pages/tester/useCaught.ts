import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { caughtBy, stream } from "./queries";
import type { Caught } from "./request";
import type { Schemas } from "../../api/client";
import type { Connection } from "../../live/useLive";

/** How often a busy endpoint's list is drawn anew, in milliseconds. */
const PACE = 250;
/** The server keeps as many of one endpoint; a page left open keeps no more. */
const MOST_KEPT = 200;

type Pages = InfiniteData<Schemas["Listed_CaughtRequest"]>;

/** What an endpoint caught and goes on catching, the newest first. */
export function useCaught(id: string, q: string) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const list = useInfiniteQuery(caughtBy(id, q));

  useEffect(() => {
    const { queryKey } = caughtBy(id, q);
    const refresh = () => void queries.invalidateQueries({ queryKey });
    let waiting: Caught[] = [];
    const draw = () => {
      if (waiting.length === 0) return;
      const news = waiting;
      waiting = [];
      // Only the server knows what a search finds.
      if (q === "") queries.setQueryData(queryKey, (old: Pages | undefined) => joined(old, news));
      else refresh();
    };
    const timer = setInterval(draw, PACE);
    const source = new EventSource(stream(id));
    source.addEventListener("open", () => {
      setConnection("open");
      refresh();
    });
    source.addEventListener("error", () => setConnection("lost"));
    source.addEventListener("missed", refresh);
    source.addEventListener("request", (message: MessageEvent<string>) => {
      waiting.push(JSON.parse(message.data) as Caught);
      if (waiting.length > MOST_KEPT) waiting.shift();
    });
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [id, q, queries]);

  const requests = useMemo(() => flat(list.data), [list.data]);
  return { ...list, requests, connection };
}

/** The pages with news, the oldest first, put before them. */
export function joined(old: Pages | undefined, news: Caught[]): Pages | undefined {
  const [first, ...rest] = old?.pages ?? [];
  if (!old || !first) return old;
  const newest = first.items[0]?.number ?? 0;
  const fresh = news.filter(({ number }) => number > newest).toReversed();
  return { ...old, pages: [{ ...first, items: [...fresh, ...first.items].slice(0, MOST_KEPT) }, ...rest] };
}

/** The requests of all pages, each once: pages overlap when something came while they were loaded. */
export function flat(data: Pages | undefined): Caught[] {
  const seen = new Map<number, Caught>();
  for (const { items } of data?.pages ?? []) for (const item of items) seen.set(item.number, item);
  return [...seen.values()].toSorted((a, b) => b.number - a.number);
}
