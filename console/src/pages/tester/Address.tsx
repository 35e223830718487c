import { Code, Group, Stack, Text } from "@mantine/core";

import { CopyText } from "./RequestView";
import { quoted } from "../../parts/attempt/curl";
import { CopyId } from "../../parts/CopyId";

/** Where the endpoint is, and a command that sends it something. */
export function Address({ url }: { url: string }) {
  const curl = `curl ${quoted(url)} -H 'Content-Type: application/json' -d '{"temperature":21.5}'`;
  return (
    <Stack gap={6}>
      <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
        <CopyId id={url} label="Copy address" />
      </Group>
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          Any method and any path below it are caught. Try:
        </Text>
        <Code className="one-line" title={curl} maw="100%">
          {curl}
        </Code>
        <CopyText label="Copy" text={() => curl} />
      </Group>
    </Stack>
  );
}
