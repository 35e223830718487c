import { Tooltip } from "@mantine/core";

const MOMENT = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** For other years, whose seconds nobody asks for. */
const YEARS_AWAY = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** A moment in local time, with UTC on hover or focus. Today's show the time alone, those of other years the year. */
export function Time({ at, whole = false }: { at: string; whole?: boolean }) {
  return (
    <Tooltip label={utc(at)}>
      <time dateTime={at}>{shown(new Date(at), whole)}</time>
    </Tooltip>
  );
}

/** The same at a fraction of the cost, for lists whose rows come and go many times a second. */
export function PlainTime({ at }: { at: string }) {
  return (
    <time dateTime={at} title={utc(at)}>
      {shown(new Date(at), false)}
    </time>
  );
}

function shown(date: Date, whole: boolean): string {
  const now = new Date();
  if (date.getFullYear() !== now.getFullYear()) return YEARS_AWAY.format(date);
  const today = date.toDateString() === now.toDateString();
  return (today && !whole ? CLOCK : MOMENT).format(date);
}

const MINUTE = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_AND_MINUTE = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** A moment to the minute, for sentences: `09:12` today, `12 Nov, 09:12` on other days. */
export function minute(at: string, now = new Date()): string {
  const date = new Date(at);
  return (date.toDateString() === now.toDateString() ? MINUTE : DAY_AND_MINUTE).format(date);
}

/** `2026-01-02 03:04:05.678 UTC`. */
export function utc(at: string): string {
  return new Date(at).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** A length of time in the largest unit that keeps it readable. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(milliseconds / 60_000);
  return minutes < 120
    ? `${minutes} min ${Math.round((milliseconds % 60_000) / 1_000)} s`
    : `${Math.round(minutes / 60)} h`;
}
