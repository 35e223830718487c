import { Group, Text, VisuallyHidden } from "@mantine/core";

import type { Schemas } from "../api/client";
import { count, short } from "./numbers";
import classes from "./Tally.module.css";

const OUTCOMES = ["success", "error", "skipped"] as const;

/** Three numbers: successes, errors, skipped. What is nothing is pale, so that what is something stands out. */
export function Tally({ of, whole = false }: { of: Omit<Schemas["DayTally"], "date">; whole?: boolean }) {
  return (
    <Group gap={0} wrap="nowrap" className={classes["tally"]}>
      {OUTCOMES.map((outcome) => (
        <Text
          key={outcome}
          span
          size="sm"
          title={`${count(of[outcome])} ${outcome}`}
          className={classes[of[outcome] === 0 ? "none" : outcome]}
        >
          {(whole ? count : short)(of[outcome])}
          <VisuallyHidden> {outcome}</VisuallyHidden>
        </Text>
      ))}
    </Group>
  );
}
