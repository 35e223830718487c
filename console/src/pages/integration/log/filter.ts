import type { Schemas } from "../../../api/client";
import type { Asked } from "../../../frame/useAddress";

/** Which attempts the log shows; as the address holds it. */
export interface LogFilter {
  outcome?: Schemas["Outcome"];
  /** Text in the event, the request or the answer. */
  q?: string;
  device?: string;
  /** `401` or `ETIMEDOUT`. */
  ended?: string;
  /** A whole UTC day. */
  day?: string;
  since?: string;
  until?: string;
}

const OUTCOMES = ["success", "error", "skipped"] as const;

/** Reads the filter off the address; what makes no sense there is as if it were not. */
export function filterOf(asked: Asked): LogFilter {
  const outcome = OUTCOMES.find((known) => known === asked["outcome"]);
  const { q, day } = asked;
  const device = matching(asked["device"], /^[0-9a-f]{24}$/);
  const ended = matching(asked["ended"]?.toUpperCase(), /^([1-5]\d\d|[A-Z][A-Z_]{3,})$/);
  return {
    ...(outcome && { outcome }),
    ...(q && { q }),
    ...(device && { device }),
    ...(ended && { ended }),
    ...(day && !Number.isNaN(Date.parse(day)) && /^\d{4}-\d\d-\d\d$/.test(day) && { day }),
    ...moment(asked, "since"),
    ...moment(asked, "until"),
  };
}

function matching(text: string | undefined, pattern: RegExp): string | undefined {
  const trimmed = text?.trim();
  return trimmed && pattern.test(trimmed) ? trimmed : undefined;
}

function moment(asked: Asked, name: "since" | "until"): LogFilter {
  const at = Date.parse(asked[name] ?? "");
  return Number.isNaN(at) ? {} : { [name]: new Date(at).toISOString() };
}

/** The filter as the API takes it. */
export function queryOf(integration: string, filter: LogFilter): URLSearchParams {
  const { outcome, q, device, ended, day, since, until } = filter;
  const query = new URLSearchParams({ integration });
  const set = (name: string, value: string | undefined) => value && query.set(name, value);
  set("outcome", outcome);
  set("q", q);
  set("device", device);
  if (ended) set(/^\d/.test(ended) ? "status" : "code", ended);
  set("since", day ? `${day}T00:00:00.000Z` : since);
  set("until", day ? `${dayAfter(day)}T00:00:00.000Z` : until);
  return query;
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}
