import type { Schemas } from "../api/client";

type Day = Schemas["DayTally"];

const DAY = 86_400_000;

/** The UTC day of a moment, as the API writes it. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Every one of the last days, the oldest first; the API leaves out those without an attempt. */
export function everyDay(known: Day[], today: string, days = 30): Day[] {
  const byDate = new Map(known.map((day) => [day.date, day]));
  const last = Date.parse(today);
  return Array.from({ length: days }, (_, at) => {
    const date = dayOf(new Date(last - (days - 1 - at) * DAY));
    return byDate.get(date) ?? { date, success: 0, error: 0, skipped: 0 };
  });
}

/** The top of the axis: the busiest day, rounded up to a number that reads well. */
export function ceiling(days: Day[]): number {
  const most = Math.max(1, ...days.map(({ success, error, skipped }) => success + error + skipped));
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * magnitude >= most) ?? 10;
  return step * magnitude;
}

/** A save that falls within the days shown: where, from 0 to 1, and which. */
export interface Save {
  place: number;
  revision: number;
  at: string;
}

/** The saves of an integration, on the axis of the days shown. The first is its making and no change. */
export function saves(revisions: { revision: number; saved_at: string }[], days: Day[]): Save[] {
  const first = Date.parse(days[0]?.date ?? "");
  return revisions
    .filter(({ revision }) => revision > 1)
    .map(({ revision, saved_at }) => ({
      revision,
      at: saved_at,
      place: (Date.parse(saved_at) - first) / (days.length * DAY),
    }))
    .filter(({ place }) => place >= 0 && place <= 1);
}
