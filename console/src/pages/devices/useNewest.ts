import { useEffect, useRef, useState } from "react";

import type { LiveEvent } from "../../api/shapes";
import { useLive } from "../../live/useLive";
import { deviceOf } from "../../parts/events/publisher";
import type { Newest } from "./DeviceTable";

/** Hears the scope's events and keeps the newest of each device; the page is told once a second at most. */
export function useNewest(scope: string): Newest {
  const [newest, setNewest] = useState<Newest>(new Map());
  const heard = useRef(new Map<string, LiveEvent>());
  useLive(scope, {
    onEvents: (events) => {
      for (const event of events) {
        const device = deviceOf(event);
        if (device !== undefined) heard.current.set(device, event);
      }
    },
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (heard.current.size === 0) return;
      const fresh = heard.current;
      heard.current = new Map();
      setNewest((old) => new Map([...old, ...fresh]));
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  return newest;
}
