import { Stack } from "@mantine/core";

import type { IntegrationStory } from "../../../api/shapes";
import type { Card } from "../../../api/troubleshooting";
import { ProblemCard } from "./ProblemCard";

/** What is wrong with the integration: a card for each problem, the most urgent first. */
export function Problems({
  of,
  cards,
  mayChange,
}: {
  of: IntegrationStory;
  cards: Card[];
  mayChange: boolean;
}) {
  if (cards.length === 0) return null;
  return (
    <Stack id="problems" gap="sm" component="section" aria-label="Problems" style={{ scrollMarginTop: 72 }}>
      {cards.map((card) => (
        <ProblemCard
          key={`${card.situation} ${card.issue ?? ""}`}
          card={card}
          of={of}
          mayChange={mayChange}
        />
      ))}
    </Stack>
  );
}
