import { Badge, Group, Modal, Stack, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "../../api/client";
import { type Replay, replays } from "../../api/troubleshooting";
import { LoadMore } from "../../parts/LoadMore";
import { Progress } from "../../parts/replay/Progress";
import { Time } from "../../parts/Time";
import { Panel } from "./Panel";

const INTENTS: Record<Schemas["Intent"], string> = {
  resend: "One event again",
  recover: "What failed or was dropped",
  missing: "What had not fired it",
};

const COLORS: Record<Schemas["State"], string> = {
  running: "blue",
  done: "teal",
  stopped: "orange",
  cancelled: "gray",
  interrupted: "orange",
};

/** What was sent once more, when and by whom; there only when something was. */
export function Replays({ integration }: { integration: string }) {
  const query = useInfiniteQuery(replays(integration));
  const [open, setOpen] = useState<string>();
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  if (rows.length === 0) return null;
  return (
    <Panel id="replays" title="Replays">
      <Stack gap={0} role="list" aria-label="Replays, newest first">
        {rows.map((row) => (
          <Row key={row.id} of={row} onOpen={() => setOpen(row.id)} />
        ))}
      </Stack>
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
      {open && (
        <Modal opened onClose={() => setOpen(undefined)} title="Replay" size="lg">
          <Progress id={open} onClose={() => setOpen(undefined)} />
        </Modal>
      )}
    </Panel>
  );
}

function Row({ of, onOpen }: { of: Replay; onOpen: () => void }) {
  return (
    <div role="listitem">
      <UnstyledButton onClick={onOpen} py={6} w="100%">
        <Group gap="xs">
          <Badge color={COLORS[of.state]} variant="light" tt="none">
            {of.state}
          </Badge>
          <Text size="sm">{INTENTS[of.intent]}</Text>
          <Text size="sm" c="dimmed">
            <Time at={of.started_at} whole /> by {of.by.name}
            {of.to && ` to ${of.to}`}
          </Text>
        </Group>
        <Text size="xs" c="dimmed">
          {of.summary}
          {of.reason && ` ${of.reason}`}
        </Text>
      </UnstyledButton>
    </div>
  );
}
