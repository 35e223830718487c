/** Which stretch of the past is searched: so many minutes up to now, or between two moments of the reader's clock. */
export type Range = { kind: "last"; minutes: number } | { kind: "between"; from: string; to: string };

export const LAST = [
  { value: "15", label: "Last 15 minutes" },
  { value: "60", label: "Last hour" },
  { value: "360", label: "Last 6 hours" },
  { value: "1440", label: "Last 24 hours" },
  { value: "10080", label: "Last 7 days" },
  { value: "43200", label: "Last 30 days" },
];

const USUAL: Range = { kind: "last", minutes: 60 };

/** The range that the address names: `60`, or `2026-01-02T03:04~2026-01-02T05:00` with either end left open. */
export function rangeOf(text: string | undefined): Range {
  if (text === undefined) return USUAL;
  const [from, to] = text.split("~");
  if (to !== undefined) return { kind: "between", from: from ?? "", to };
  return LAST.some(({ value }) => value === text) ? { kind: "last", minutes: Number(text) } : USUAL;
}

/** The range as the address writes it. */
export function written(range: Range): string {
  return range.kind === "last" ? String(range.minutes) : `${range.from}~${range.to}`;
}

/** The range as the API wants it, at `now`; an end that is open or unreadable is left out. */
export function bounds(range: Range, now: number): { since?: string; until?: string } {
  if (range.kind === "last") return { since: new Date(now - range.minutes * 60_000).toISOString() };
  return { ...bound("since", range.from), ...bound("until", range.to) };
}

function bound(end: "since" | "until", local: string): Record<string, string> {
  const at = Date.parse(local);
  return Number.isNaN(at) ? {} : { [end]: new Date(at).toISOString() };
}

/** A moment as a field for local date and time holds it. */
export function localMoment(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
