/** A UTC day as the API writes it, such as `2026-01-31`. Their order as text is their order in time. */
export type Day = string;

/** The day that a moment falls in. */
export function dayOf(moment: Date): Day {
  return moment.toISOString().slice(0, 10);
}

/** The day `days` later; before it when negative. */
export function plus(day: Day, days: number): Day {
  const date = new Date(day);
  date.setUTCDate(date.getUTCDate() + days);
  return dayOf(date);
}

/** The first day of the month that is `months` after the day's own. */
export function firstOfMonth(day: Day, months = 0): Day {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return dayOf(new Date(Date.UTC(year, month - 1 + months, 1)));
}

/** The last day of the day's month. */
export function lastOfMonth(day: Day): Day {
  return plus(firstOfMonth(day, 1), -1);
}

/** Every day from one to another, both included. */
export function daysFrom(since: Day, until: Day): Day[] {
  const days: Day[] = [];
  for (let day = since; day <= until; day = plus(day, 1)) days.push(day);
  return days;
}

/** Whether a text is a day that exists. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && dayOf(date) === text;
}

/** The days that are counted: those asked for as far as they make sense, else this month up to today. */
export function rangeOf(asked: { since?: string; until?: string }, now: Date): { since: Day; until: Day } {
  const today = dayOf(now);
  const until = asked.until !== undefined && isDay(asked.until) ? asked.until : today;
  const since =
    asked.since !== undefined && isDay(asked.since) && asked.since <= until
      ? asked.since
      : firstOfMonth(until);
  return { since, until };
}
