import { type Day, dayOf, firstOfMonth, lastOfMonth, plus } from "./days";

/** Days that the pace is taken from: a week has its weekend. */
const WINDOW = 7;
const DAY_MS = 86_400_000;
/** With less to go by, a guess is worth nothing. */
const LEAST = 1 / 24;

/**
 * The month's operations at its end: those until now, and for the rest of it the pace of the last seven days. Days
 * of the month before anything was counted set no pace, so that what began late is not thought slow. None while
 * there is less than an hour to go by.
 */
export function projected(days: { day: Day; operations: number }[], now: Date): number | undefined {
  const today = dayOf(now);
  const month = days.filter(({ day }) => day >= firstOfMonth(today) && day <= today);
  const began = month
    .filter(({ operations }) => operations > 0)
    .map(({ day }) => day)
    .toSorted()[0];
  if (began === undefined) return undefined;
  const from = [began, plus(today, 1 - WINDOW)].toSorted()[1] ?? began;
  const passed = (now.getTime() - new Date(from).getTime()) / DAY_MS;
  if (passed < LEAST) return undefined;
  const pace = sum(month.filter(({ day }) => day >= from)) / passed;
  const left = (new Date(lastOfMonth(today)).getTime() + DAY_MS - now.getTime()) / DAY_MS;
  return Math.round(sum(month) + pace * left);
}

function sum(days: { operations: number }[]): number {
  return days.reduce((total, { operations }) => total + operations, 0);
}
