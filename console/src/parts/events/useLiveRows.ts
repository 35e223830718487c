import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { answered, api } from "../../api/client";
import type { LiveEvent } from "../../api/shapes";
import { type Connection, useLive } from "../../live/useLive";
import { type Batch, type Rate, rateOf, recent } from "./rate";
import { clear, EMPTY, fill, hold, KEPT, type Ring, type Row, take } from "./ring";

/** What the stream shows, and how it is steered. */
export interface LiveRows {
  ring: Ring;
  connection: Connection;
  rate: Rate;
  hold: (held: boolean) => void;
  clear: () => void;
}

/** The events of a scope as they come, below them the newest of those that came before the page was opened. */
export function useLiveRows(scope: string, filter: { name?: string; device?: string }): LiveRows {
  const [ring, setRing] = useState<Ring>(EMPTY);
  const { device } = filter;
  const heardFor = useCallback((event: LiveEvent): Row => ({ event, heardFor: device }), [device]);
  const gather = useGathered(useCallback((rows) => setRing((ring) => take(ring, rows)), []));
  const [rate, count] = useRate();
  const connection = useLive(
    scope,
    {
      onEvents: (events, leftOut) => {
        count(events.length, leftOut);
        gather(events.map(heardFor));
      },
    },
    filter,
  );
  useBefore(
    scope,
    filter,
    useCallback((events) => setRing((ring) => fill(ring, events.map(heardFor))), [heardFor]),
  );
  return {
    ring,
    connection,
    rate,
    hold: useCallback((held) => setRing((ring) => hold(ring, held)), []),
    clear: useCallback(() => setRing(clear), []),
  };
}

/** Passes rows on once a frame, however many messages bring them. */
function useGathered(pass: (rows: Row[]) => void): (rows: Row[]) => void {
  const gathered = useRef<Row[]>([]);
  const frame = useRef(0);
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    },
    [],
  );
  return useCallback(
    (rows) => {
      // A page in the background has no frames, and must not gather without end.
      gathered.current = [...gathered.current, ...rows].slice(-KEPT);
      if (frame.current !== 0) return;
      frame.current = requestAnimationFrame(() => {
        frame.current = 0;
        pass(gathered.current.splice(0));
      });
    },
    [pass],
  );
}

function useRate(): [Rate, (came: number, leftOut: number) => void] {
  const batches = useRef<Batch[]>([]);
  const [rate, setRate] = useState<Rate>({ shown: 0, all: 0 });
  useEffect(() => {
    const since = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      batches.current = recent(batches.current, now);
      setRate(rateOf(batches.current, since, now));
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  const count = useCallback((came: number, leftOut: number) => {
    batches.current.push({ at: performance.now(), came, leftOut });
  }, []);
  return [rate, count];
}

/** Asks once for the newest stored events, so that a quiet stream does not open onto nothing. */
function useBefore(
  scope: string,
  { name, device }: { name?: string; device?: string },
  found: (events: LiveEvent[]) => void,
): void {
  const queries = useQueryClient();
  useEffect(() => {
    let gone = false;
    const query = { scope, limit: 100, name, device };
    const asked = queries.fetchQuery({
      queryKey: ["events", "newest", query],
      queryFn: () => answered(api.GET("/fieldhook/v1/events", { params: { query } })),
    });
    // The stream itself says when the server cannot be reached; without its past it is still a stream.
    asked.then(({ items }) => !gone && found(items)).catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [queries, scope, name, device, found]);
}
