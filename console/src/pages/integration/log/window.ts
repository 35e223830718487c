/** A page of the log whose place is known: what to ask it with, and how many rows it has. */
export interface KnownPage {
  cursor: string;
  rows: number;
}

/**
 * How much of the log is known so far. Rows are let go of when they are far from sight and asked for again when
 * they come back, so a log of a million attempts costs a cursor per page; the cursors are kept.
 */
export interface Extent {
  pages: KnownPage[];
  /** The cursor behind the last known page; null at the end of the log. */
  next: string | null;
}

/** What a first page tells. */
export function begun(rows: number, next: string | null): Extent {
  return { pages: [{ cursor: "", rows }], next };
}

/** The extent with the page behind its last one, when that is the one that came. */
export function grown(extent: Extent, cursor: string, rows: number, next: string | null): Extent {
  return extent.next === cursor ? { pages: [...extent.pages, { cursor, rows }], next } : extent;
}

/** How many rows there are to scroll over: those known, and one that stands for what comes behind them. */
export function height({ pages, next }: Extent): number {
  return pages.reduce((sum, { rows }) => sum + rows, 0) + (next === null ? 0 : 1);
}

/** The page that a row stands on, and its place there; the row behind the last known page stands on the next. */
export function locate({ pages, next }: Extent, row: number): { cursor: string; at: number } | null {
  let first = 0;
  for (const { cursor, rows } of pages) {
    if (row < first + rows) return { cursor, at: row - first };
    first += rows;
  }
  return next === null ? null : { cursor: next, at: row - first };
}

/** The cursors of the pages that the rows from one to another stand on. */
export function within(extent: Extent, from: number, to: number): string[] {
  const cursors: string[] = [];
  let first = 0;
  for (const { cursor, rows } of extent.pages) {
    if (first <= to && first + rows > from) cursors.push(cursor);
    first += rows;
  }
  if (extent.next !== null && to >= first) cursors.push(extent.next);
  return cursors;
}

/** How many of the newest rows are not among those shown; none of the shown among them means at least all. */
export function unseen(newest: { id: string }[], shown: { id: string }[]): { rows: number; more: boolean } {
  const first = shown[0]?.id;
  if (first === undefined) return { rows: newest.length, more: false };
  const at = newest.findIndex(({ id }) => id === first);
  return at >= 0 ? { rows: at, more: false } : { rows: newest.length, more: newest.length > 0 };
}
