import { expect, test } from "vitest";

import type { IntegrationOverview } from "../api/shapes";
import { standings, urgency } from "./standing";
import { minute } from "./Time";

const NOW = new Date(2026, 10, 25, 12, 0);
const AT_NINE = new Date(2026, 10, 25, 9, 12).toISOString();

function integration(facts: Partial<IntegrationOverview> = {}): IntegrationOverview {
  return {
    id: "0".repeat(24),
    name: null,
    event: "temperature",
    url: "https://example.com",
    host: "example.com",
    origin: "https://example.com",
    scope: "user:1",
    scope_name: "me",
    disabled: false,
    revision: 1,
    created_at: AT_NINE,
    updated_at: AT_NINE,
    today: { date: "2026-11-25", success: 1, error: 0, skipped: 0 },
    last_attempt_at: AT_NINE,
    gate: null,
    trouble: null,
    ...facts,
  };
}

const gate = (probability: number, closed_until: string | null = null) => ({
  window: [],
  attempts: 20,
  accepts: 0,
  probability,
  to_skipping_percent: 100,
  closed_until,
});

const refused = {
  code: null,
  status: 401,
  message: "error status 401 from example.com",
  since: AT_NINE,
  count: 214,
  share: 1,
  last_success_at: null,
};

test("trouble is told in one line: what, since when, which share, how many", () => {
  expect(standings(integration({ trouble: refused }), NOW)[0]?.word).toBe(
    `401 since ${minute(AT_NINE, NOW)}, 100 %, 214 events`,
  );
});

test("a gate that holds more back than it lets through is asleep, one that holds back less throttles", () => {
  expect(standings(integration({ gate: gate(0.93) }), NOW)[0]?.word).toBe("Asleep, 93 %");
  expect(standings(integration({ gate: gate(0.2) }), NOW)[0]?.word).toBe("Throttled, 20 %");
  expect(standings(integration({ gate: gate(0) }), NOW)[0]?.kind).toBe("healthy");
});

test("a gate closed at the endpoint's wish says until when, and only until then", () => {
  const later = new Date(2026, 10, 25, 12, 30).toISOString();
  expect(standings(integration({ gate: gate(0, later) }), NOW)[0]?.word).toBe(
    `Asleep until ${minute(later, NOW)}`,
  );
  expect(standings(integration({ gate: gate(0, AT_NINE) }), NOW)[0]?.kind).toBe("healthy");
});

test("sleep is never shown without the trouble that caused it", () => {
  const kinds = standings(integration({ trouble: refused, gate: gate(0.9) }), NOW).map(({ kind }) => kind);
  expect(kinds).toEqual(["trouble", "asleep"]);
});

test("what needs somebody comes first, what was switched off on purpose last", () => {
  const rows = [
    integration({ disabled: true }),
    integration(),
    integration({ trouble: refused }),
    integration({ gate: gate(0.9) }),
  ];
  expect(rows.map((row) => urgency(row, NOW))).toEqual([5, 3, 0, 1]);
});
