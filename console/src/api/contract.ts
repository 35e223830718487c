/** Shapes of routes whose OpenAPI entries are on their way; each moves to `schema.d.ts` when it is there. */
import type { Schemas } from "./client";

export interface Session {
  user: Schemas["UserRecord"];
  csrf: string;
  expires_at: string | null;
}

export interface Trouble {
  code: Schemas["Code"] | null;
  status: number | null;
  message: string;
  since: string;
  count: number;
  /** 0 to 1. */
  share: number;
  last_success_at: string | null;
}

export interface IntegrationOverview {
  id: string;
  name: string | null;
  event: string;
  url: string;
  host: string | null;
  origin: string | null;
  scope: string;
  scope_name: string;
  disabled: boolean;
  disabled_since?: string | null;
  disabled_by?: string | null;
  revision: number;
  created_at: string;
  updated_at: string;
  updated_by?: string | null;
  today: Schemas["DayTally"];
  last_attempt_at: string | null;
  gate: Schemas["GateState"] | null;
  trouble: Trouble | null;
}

export interface OneOverview extends IntegrationOverview {
  record: Schemas["IntegrationRecord"];
  days: Schemas["DayTally"][];
}

export interface Overviews {
  items: IntegrationOverview[];
  next: string | null;
  elsewhere: { scope: string; name: string; slug: string; integrations: number }[];
}

/** An event of the live stream; replies carry their part. */
export type LiveEvent = Schemas["Event"] & { part?: number; parts?: number };
