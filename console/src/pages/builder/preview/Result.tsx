import { Group, Stack, Text } from "@mantine/core";

import type { Schemas } from "../../../api/client";
import { ResponseSection } from "../../../parts/attempt/Messages";
import { HeadingLevel } from "../../../parts/attempt/Section";
import { TimingsSection } from "../../../parts/attempt/Timings";
import { Outcome } from "../../../parts/Outcome";
import { duration } from "../../../parts/Time";
import classes from "../Builder.module.css";

/** How a test ended: its status, what came back, and where the time went. */
export function Result({ attempt }: { attempt: Schemas["Attempt"] }) {
  const { outcome, code, status, message, origin, duration_ms } = attempt;
  return (
    <HeadingLevel value={3}>
      <Stack gap="sm">
        <Group gap="xs" role="status">
          <Outcome outcome={outcome} code={code} status={status} />
          <Text size="sm">{duration(duration_ms)}</Text>
          <Text size="sm" c="dimmed">
            {origin}
          </Text>
        </Group>
        {message && (
          <Text size="sm" className={classes.wrap}>
            {message}
          </Text>
        )}
        <ResponseSection of={attempt} look="pretty" />
        <TimingsSection of={attempt} />
      </Stack>
    </HeadingLevel>
  );
}
