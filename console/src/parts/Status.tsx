import { Badge, Group } from "@mantine/core";

import type { IntegrationOverview } from "../api/shapes";
import { standings } from "./standing";

/** How an integration is doing, in chips of a few words; the most pressing first. */
export function Status({ of, wrap = false }: { of: IntegrationOverview; wrap?: boolean }) {
  return (
    <Group gap={6} wrap={wrap ? "wrap" : "nowrap"} style={{ minWidth: 0 }}>
      {standings(of).map(({ kind, word, color }) => (
        <Badge
          key={kind}
          color={color}
          variant="light"
          tt="none"
          fw={500}
          title={
            kind === "trouble"
              ? `${word}: ${of.trouble?.message ?? ""}`
              : `${word}${word.endsWith("%") ? " of the attempts are skipped" : ""}`
          }
          style={{ flexShrink: kind === "trouble" ? 1 : 0, minWidth: 40 }}
        >
          {word}
        </Badge>
      ))}
    </Group>
  );
}
