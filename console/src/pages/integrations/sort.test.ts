import { expect, test } from "vitest";

import type { IntegrationOverview } from "../../api/shapes";
import { sorted } from "./sort";

function row(name: string, facts: Partial<IntegrationOverview> = {}): IntegrationOverview {
  return {
    id: name,
    name,
    event: "temperature",
    url: "https://example.com",
    host: "example.com",
    origin: "https://example.com",
    scope: "user:1",
    scope_name: "me",
    disabled: false,
    revision: 1,
    created_at: "2026-11-25T00:00:00Z",
    updated_at: "2026-11-25T00:00:00Z",
    today: { date: "2026-11-25", success: 0, error: 0, skipped: 0 },
    last_attempt_at: "2026-11-25T00:00:00Z",
    gate: null,
    trouble: null,
    ...facts,
  };
}

const names = (rows: IntegrationOverview[]) => rows.map(({ name }) => name);
const errors = (error: number) => ({ today: { date: "2026-11-25", success: 0, error, skipped: 0 } });

test("by status, failures come first and equals stand by name", () => {
  const trouble = {
    code: null,
    status: 401,
    message: "",
    since: "2026-11-25T00:00:00Z",
    count: 1,
    share: 1,
    last_success_at: null,
  };
  const rows = [row("b"), row("hook 10"), row("hook 9"), row("z", { trouble })];
  expect(names(sorted(rows, { by: "status", reversed: false }))).toEqual(["z", "b", "hook 9", "hook 10"]);
});

test("numbers begin with the greatest, and with the least from the other end", () => {
  const rows = [row("one", errors(1)), row("none"), row("many", errors(99))];
  expect(names(sorted(rows, { by: "error", reversed: false }))).toEqual(["many", "one", "none"]);
  expect(names(sorted(rows, { by: "error", reversed: true }))).toEqual(["none", "one", "many"]);
});

test("what has no name is ordered by what it is called", () => {
  const rows = [row("zebra"), row("x", { name: null, event: "alarm" })];
  expect(names(sorted(rows, { by: "name", reversed: false }))).toEqual([null, "zebra"]);
});
