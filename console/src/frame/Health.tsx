import { Anchor, Group, Indicator, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { status } from "../api/queries";
import type { Connection } from "../live/useLive";

/** Is it us? A dot that says so, and opens the status page. */
export function Health({ connection }: { connection: Connection }) {
  const { data, isError } = useQuery(status);
  const wrong = data?.parts.filter(({ ok }) => !ok) ?? [];
  const lost = connection === "lost" || isError;
  const says = lost
    ? "The connection to the server is lost; trying again"
    : wrong.length > 0
      ? wrong.map(({ says }) => says).join(" ")
      : "Everything is working";
  const color = lost ? "orange" : wrong.length > 0 ? "red" : "teal";
  const word = lost ? "Lost" : wrong.length > 0 ? "Trouble" : "Live";
  return (
    <Tooltip label={says} multiline maw={320}>
      <Anchor
        href="/status"
        target="_blank"
        underline="never"
        c="inherit"
        aria-label={`Status: ${word}. ${says}`}
      >
        <Group gap={10} wrap="nowrap" px={6}>
          <Indicator
            color={color}
            processing={lost}
            size={9}
            position="middle-center"
            w={9}
            h={9}
            aria-hidden
          />
          <Text size="sm" visibleFrom="md">
            {word}
          </Text>
        </Group>
      </Anchor>
    </Tooltip>
  );
}
