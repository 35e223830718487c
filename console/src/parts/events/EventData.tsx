import { CopyButton, ActionIcon, Group, SegmentedControl, Stack, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

import type { Schemas } from "../../api/client";
import { pretty } from "../attempt/pretty";
import { Text } from "../attempt/Text";

type View = "pretty" | "raw" | "event";

/** The data of an event: set out for reading, as it was sent, or with all that is known of the event. */
export function EventData({ event, tall = false }: { event: Schemas["Event"]; tall?: boolean }) {
  const [view, setView] = useState<View>("pretty");
  const text = shown(event, view);
  return (
    <Stack gap={6} style={{ minWidth: 0 }}>
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label="How to show the data"
          value={view}
          onChange={(chosen) => setView(chosen as View)}
          data={[
            { value: "pretty", label: "Pretty" },
            { value: "raw", label: "Raw" },
            { value: "event", label: "Whole event" },
          ]}
        />
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? "Copied" : "Copy"}>
              <ActionIcon
                variant="subtle"
                color={copied ? "teal" : "gray"}
                onClick={copy}
                aria-label="Copy what is shown"
              >
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
      <Text label="Data of the event" tall={tall}>
        {text === "" ? "(no data)" : text}
      </Text>
    </Stack>
  );
}

function shown(event: Schemas["Event"], view: View): string {
  if (view === "event") return JSON.stringify(bare(event), null, 2);
  const data = event.data ?? "";
  if (view === "raw") return data;
  const laidOut = pretty(data);
  return laidOut.as === "form" ? data : laidOut.text;
}

/** The event alone, where an answer carries its story too. */
function bare(event: Schemas["Event"]): object {
  return Object.fromEntries(
    Object.entries(event).filter(([key]) => !["trace", "trace_left_out", "deliveries"].includes(key)),
  );
}
