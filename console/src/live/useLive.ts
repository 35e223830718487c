import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { type Connection, listen, type Listener } from "./stream";

export type { Connection } from "./stream";

/** What a component wants to hear of what the server tells as it happens. */
export type Heard = Partial<Pick<Listener, "onEvents" | "onChanged">>;

/**
 * Listens to a scope for as long as the component is there. A connection that is lost is taken up again; while it
 * is, the page says so.
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
    return listen(`/fieldhook/v1/live?${query.toString()}`, {
      onEvents: (events, leftOut) => latest.current.onEvents?.(events, leftOut),
      onChanged: (integrations, all) => latest.current.onChanged?.(integrations, all),
      onConnection: setConnection,
    });
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
