/** What one message of the stream brought. */
export interface Batch {
  /** Milliseconds, on any clock that only goes forward. */
  at: number;
  came: number;
  leftOut: number;
}

/** Events a second: how many were handed over, and how many there were. */
export interface Rate {
  shown: number;
  all: number;
}

const WINDOW = 5_000;

/** The batches that still count. */
export function recent(batches: readonly Batch[], now: number): Batch[] {
  return batches.filter(({ at }) => at > now - WINDOW);
}

/** Events a second over the last five seconds, or over the time since `since` when that is shorter. */
export function rateOf(batches: readonly Batch[], since: number, now: number): Rate {
  const counted = recent(batches, now);
  const seconds = Math.min(WINDOW, Math.max(1_000, now - since)) / 1_000;
  const came = counted.reduce((sum, batch) => sum + batch.came, 0);
  const leftOut = counted.reduce((sum, batch) => sum + batch.leftOut, 0);
  return { shown: came / seconds, all: (came + leftOut) / seconds };
}

/** The rate in words. */
export function inWords({ shown, all }: Rate): string {
  if (all === 0) return "No events in the last seconds";
  if (shown < all) return `Showing a sample: ${figure(shown)} of ${figure(all)} events/s`;
  return `${figure(all)} events/s`;
}

function figure(perSecond: number): string {
  return perSecond.toLocaleString("en-GB", { maximumFractionDigits: perSecond < 10 ? 1 : 0 });
}
