import { Badge } from "@mantine/core";

import type { Schemas } from "../api/client";
import { OUTCOME_COLOR } from "../theme";

const WORD = { success: "Success", error: "Error", skipped: "Skipped" } as const;

/** How an attempt ended: blue, red or grey, and always in a word or its status too. */
export function Outcome({
  outcome,
  code,
  status,
}: {
  outcome: Schemas["Outcome"];
  code?: string | null;
  status?: number | null;
}) {
  return (
    <Badge color={OUTCOME_COLOR[outcome]} variant="light" tt="none" title={WORD[outcome]}>
      {code ?? status ?? WORD[outcome]}
    </Badge>
  );
}
