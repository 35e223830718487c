import { useEffect, useState } from "react";

/** Counts the seconds down that the server asked to wait; 0 when there is no need to. */
export function useWait(): [seconds: number, wait: (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  const waiting = left > 0;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1_000);
    return () => clearInterval(timer);
  }, [waiting]);
  return [left, setLeft];
}
