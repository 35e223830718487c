import type { IntegrationOverview } from "../../api/shapes";
import { nameOf, urgency } from "../../parts/standing";

/** What the list can be ordered by. */
export const COLUMNS = ["status", "name", "host", "success", "error", "skipped", "last"] as const;
export type Column = (typeof COLUMNS)[number];

/** By what, and whether from the other end. */
export interface Order {
  by: Column;
  reversed: boolean;
}

/**
 * In order. Numbers and times begin with the greatest, for that is what people look for; equals stand by name, so
 * that rows do not change places while their numbers tick.
 */
export function sorted(rows: IntegrationOverview[], { by, reversed }: Order): IntegrationOverview[] {
  const now = new Date();
  const compare = (a: IntegrationOverview, b: IntegrationOverview): number => {
    switch (by) {
      case "status":
        return urgency(a, now) - urgency(b, now);
      case "name":
        return byName(a, b);
      case "host":
        return (a.host ?? "").localeCompare(b.host ?? "");
      case "last":
        return (b.last_attempt_at ?? "").localeCompare(a.last_attempt_at ?? "");
      default:
        return b.today[by] - a.today[by];
    }
  };
  const direction = reversed ? -1 : 1;
  return rows.toSorted((a, b) => direction * compare(a, b) || byName(a, b));
}

function byName(a: IntegrationOverview, b: IntegrationOverview): number {
  return nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }) || a.id.localeCompare(b.id);
}
