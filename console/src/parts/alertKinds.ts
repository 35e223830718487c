import type { Alert, AlertKind } from "../api/alerts";
import { slugOfApi } from "../api/scope";

/** The kinds of alert: the word on the badge, its colour, and what it means in the settings. */
export const KINDS: Record<AlertKind, { label: string; color: string; says: string }> = {
  opened: { label: "Failing", color: "red", says: "An integration has begun to fail" },
  regressed: { label: "Back again", color: "red", says: "A failure that was resolved is back" },
  "gate-near": {
    label: "Nearly asleep",
    color: "orange",
    says: "A destination is 50, 70 or 90 % on the way to events being skipped",
  },
  asleep: { label: "Asleep", color: "red", says: "Events for a destination are skipped" },
  silent: { label: "Silent", color: "orange", says: "A device or integration with a rhythm has gone quiet" },
  operations: { label: "Operations", color: "orange", says: "Data operations have more than doubled" },
  disk: { label: "Disk", color: "red", says: "The disk of the server is nearly full" },
};

/** Where a person reads on about an alert. */
export function placeOf({ scope, cause }: Pick<Alert, "scope" | "cause">): string {
  const at = `/${slugOfApi(scope)}`;
  switch (cause.type) {
    case "issue":
    case "integration":
      return `${at}/integrations/${cause.integration}`;
    case "device":
      return `${at}/devices/${cause.device}`;
    case "operations":
      return `${at}/usage`;
    case "destination":
      return `${at}/issues`;
    case "disk":
      return `${at}/alerts`;
  }
}
