import type { LiveEvent } from "../../api/shapes";

/** A row of the stream. */
export interface Row {
  event: LiveEvent;
  /**
   * The device that the server was asked for when this came. A reply belongs to a device without naming it, and
   * only the server knows.
   */
  heardFor?: string;
}

/** The rows at hand, newest first, and those that wait while the reader holds the list still. */
export interface Ring {
  shown: readonly Row[];
  waiting: readonly Row[];
  /** How many came while held, those that no longer fit included. */
  waitingCount: number;
  held: boolean;
}

/** Most rows kept; a page left open for a week is as light as a new one. */
export const KEPT = 2_000;

export const EMPTY: Ring = { shown: [], waiting: [], waitingCount: 0, held: false };

/** Takes rows in, the oldest first as they come. */
export function take(ring: Ring, rows: readonly Row[]): Ring {
  if (rows.length === 0) return ring;
  if (ring.held) {
    const waiting = newestFirst(rows, ring.waiting);
    return { ...ring, waiting, waitingCount: ring.waitingCount + rows.length };
  }
  return { ...ring, shown: newestFirst(rows, ring.shown) };
}

/** Holds the list still, or lets in what has waited. */
export function hold(ring: Ring, held: boolean): Ring {
  if (held === ring.held) return ring;
  if (held) return { ...ring, held };
  return { shown: [...ring.waiting, ...ring.shown].slice(0, KEPT), waiting: [], waitingCount: 0, held };
}

/** Puts stored events where they belong by age; those that are there already stay once. */
export function fill(ring: Ring, stored: readonly Row[]): Ring {
  const there = new Set([...ring.waiting, ...ring.shown].map(({ event }) => event.id));
  const older = stored.filter(({ event }) => !there.has(event.id));
  if (older.length === 0) return ring;
  // An id begins with the time it was made, so its order is that of the events.
  const all = [...ring.shown, ...older].toSorted((a, b) => (a.event.id < b.event.id ? 1 : -1));
  return { ...ring, shown: all.slice(0, KEPT) };
}

/** Empties the list; what comes next is shown as before. */
export function clear(ring: Ring): Ring {
  return { ...EMPTY, held: ring.held };
}

function newestFirst(rows: readonly Row[], below: readonly Row[]): readonly Row[] {
  return [...rows.slice(-KEPT).toReversed(), ...below].slice(0, KEPT);
}
