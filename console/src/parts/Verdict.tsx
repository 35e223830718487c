import { Badge } from "@mantine/core";

import type { Schemas } from "../api/client";

const LOOK: Record<Schemas["Verdict"], { color: string; word: string }> = {
  delivered: { color: "blue", word: "Delivered" },
  failed: { color: "red", word: "Failed" },
  dropped: { color: "gray", word: "Dropped" },
  waiting: { color: "yellow", word: "Waiting" },
};

/** What has become of a delivery. */
export function Verdict({ of }: { of: Schemas["Verdict"] }) {
  const { color, word } = LOOK[of];
  return (
    <Badge color={color} variant="light" tt="none">
      {word}
    </Badge>
  );
}
