import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import type { LiveEvent } from "../api/contract";

/** What the server tells as it happens. */
export interface Heard {
  /** Events, the oldest first; a sample when `leftOut` is not 0. */
  onEvents?: (events: LiveEvent[], leftOut: number) => void;
  /** Integrations whose log, counters or books have changed; `all` when too many to name. */
  onChanged?: (integrations: string[], all: boolean) => void;
}

/** Whether the stream is open. */
export type Connection = "connecting" | "open" | "lost";

/**
 * Listens to a scope for as long as the component is there. The browser connects again by itself when the
 * connection is lost; while it is, the page says so.
 */
export function useLive(
  scope: string,
  heard: Heard,
  filter: { name?: string; device?: string } = {},
): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  const { name = "", device = "" } = filter;
  useEffect(() => {
    const query = new URLSearchParams({ scope });
    if (name !== "") query.set("name", name);
    if (device !== "") query.set("device", device);
    const source = new EventSource(`/fieldhook/v1/live?${query.toString()}`);
    source.addEventListener("open", () => setConnection("open"));
    source.addEventListener("error", () => setConnection("lost"));
    source.addEventListener("events", (message: MessageEvent<string>) => {
      const { items, left_out } = JSON.parse(message.data) as { items: LiveEvent[]; left_out: number };
      latest.current.onEvents?.(items, left_out);
    });
    source.addEventListener("changed", (message: MessageEvent<string>) => {
      const { integrations, all } = JSON.parse(message.data) as { integrations: string[]; all?: boolean };
      latest.current.onChanged?.(integrations, all ?? false);
    });
    return () => source.close();
  }, [scope, name, device]);
  return connection;
}

/**
 * Keeps every query fresh that has to do with what changes in the scope. Query keys of such things hold the word
 * `integration` and the id next to each other, or the word `integrations`.
 */
export function useFreshness(scope: string): Connection {
  const queries = useQueryClient();
  return useLive(scope, {
    onChanged: (integrations, all) => {
      const touched = new Set(integrations);
      void queries.invalidateQueries({
        predicate: ({ queryKey }) => {
          if (queryKey.includes("integrations")) return true;
          const at = queryKey.indexOf("integration");
          return at >= 0 && (all || touched.has(String(queryKey[at + 1])));
        },
      });
    },
  });
}
