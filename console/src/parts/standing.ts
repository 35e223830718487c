import type { IntegrationOverview } from "../api/shapes";
import { counted, percent } from "./numbers";
import { minute } from "./Time";

/** What to call an integration: its name, or its prefix and where it sends. */
export function nameOf({ name, event, url }: Pick<IntegrationOverview, "name" | "event" | "url">): string {
  return name ?? `${event} to ${url.replace(/^https?:\/\//, "")}`;
}

/** What a chip says of an integration, and how loud. */
export interface Standing {
  kind: "trouble" | "asleep" | "throttled" | "disabled" | "healthy" | "quiet";
  word: string;
  color: "red" | "orange" | "gray" | "teal";
}

/** What there is to know of an integration at a glance, the most pressing first. There is always one. */
export function standings(of: IntegrationOverview, now = new Date()): Standing[] {
  const found = [trouble(of, now), gate(of, now)].filter((standing) => standing !== null);
  if (of.disabled) return [disabled(of, now), ...found.filter(({ kind }) => kind === "trouble")];
  if (found.length > 0) return found;
  return of.last_attempt_at == null
    ? [{ kind: "quiet", word: "Nothing yet", color: "gray" }]
    : [{ kind: "healthy", word: "Healthy", color: "teal" }];
}

/** The order of "failures first": what needs somebody comes before what does not. */
export function urgency(of: IntegrationOverview, now = new Date()): number {
  const order: Standing["kind"][] = ["trouble", "asleep", "throttled", "healthy", "quiet", "disabled"];
  return order.indexOf(standings(of, now)[0]?.kind ?? "quiet");
}

/** `401 since 09:12, 100 %, 214 events`. */
function trouble({ trouble }: IntegrationOverview, now: Date): Standing | null {
  if (!trouble) return null;
  const what = trouble.code ?? trouble.status ?? "Failing";
  const word = `${what} since ${minute(trouble.since, now)}, ${percent(trouble.share)}, ${counted(trouble.count, "event")}`;
  return { kind: "trouble", word, color: "red" };
}

function gate({ gate }: IntegrationOverview, now: Date): Standing | null {
  if (!gate) return null;
  if (gate.closed_until && new Date(gate.closed_until) > now)
    return { kind: "asleep", word: `Asleep until ${minute(gate.closed_until, now)}`, color: "orange" };
  if (gate.probability <= 0) return null;
  // Above a half, more is held back than let through: that is what people call asleep.
  return gate.probability > 0.5
    ? { kind: "asleep", word: `Asleep, ${percent(gate.probability)}`, color: "orange" }
    : { kind: "throttled", word: `Throttled, ${percent(gate.probability)}`, color: "orange" };
}

function disabled({ disabled_since }: IntegrationOverview, now: Date): Standing {
  const word = disabled_since ? `Disabled since ${minute(disabled_since, now)}` : "Disabled";
  return { kind: "disabled", word, color: "gray" };
}
