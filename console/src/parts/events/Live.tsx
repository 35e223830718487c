import { Button, Group, Text } from "@mantine/core";
import { IconArrowUp, IconPlayerPause, IconPlayerPlay, IconRadar, IconTrash } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";

import type { Connection } from "../../live/useLive";
import { count, counted } from "../numbers";
import { Empty } from "../State";
import { type Look, useTerms } from "./look";
import { inWords, type Rate } from "./rate";
import type { Ring } from "./ring";
import { Rows } from "./Rows";
import { fits, isEmpty } from "./terms";
import { useLiveRows } from "./useLiveRows";

/**
 * Events as they come. The list stands still while it is paused, while a row is open and while the reader has
 * scrolled down; what comes meanwhile is counted and waits.
 */
export function Live(look: Look) {
  const { scope, slug, names, height } = look;
  const { terms, server } = useTerms(look);
  const { ring, connection, rate, hold, clear } = useLiveRows(scope, server);
  const [paused, setPaused] = useState(false);
  const [opened, setOpened] = useState<string>();
  const [away, setAway] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const held = paused || away || opened !== undefined;
  useEffect(() => hold(held), [held, hold]);
  const rows = useMemo(
    () => (isEmpty(terms) ? ring.shown : ring.shown.filter((row) => fits(terms, row, names))),
    [ring.shown, terms, names],
  );
  function showNewest() {
    setPaused(false);
    setOpened(undefined);
    box.current?.querySelector("[data-scrolls]")?.scrollTo({ top: 0 });
  }
  return (
    <div ref={box}>
      <Group justify="space-between" gap="xs" mb="xs" mih={30}>
        <Says connection={connection} rate={rate} ring={ring} fitting={rows.length} />
        <Group gap="xs">
          {held && ring.waitingCount > 0 && (
            <Button
              size="xs"
              variant="light"
              leftSection={<IconArrowUp size={14} aria-hidden />}
              onClick={showNewest}
            >
              {count(ring.waitingCount)} newer {ring.waitingCount === 1 ? "waits" : "wait"}
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            aria-pressed={paused}
            leftSection={
              paused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />
            }
            onClick={() => (paused ? showNewest() : setPaused(true))}
            w={104}
          >
            {paused ? "Resume" : "Pause"}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={14} aria-hidden />}
            onClick={() => {
              setOpened(undefined);
              clear();
            }}
          >
            Clear
          </Button>
        </Group>
      </Group>
      <Rows
        rows={rows}
        names={names}
        slug={slug}
        height={height}
        opened={opened}
        onOpen={setOpened}
        onAway={setAway}
        below={rows.length === 0 && <None ring={ring} device={look.device} />}
      />
    </div>
  );
}

const CONNECTING: Record<Exclude<Connection, "open">, string> = {
  connecting: "Connecting…",
  lost: "The connection is lost; trying again…",
};

function Says({
  connection,
  rate,
  ring,
  fitting,
}: {
  connection: Connection;
  rate: Rate;
  ring: Ring;
  fitting: number;
}) {
  const has = ring.shown.length;
  return (
    // Of one width whatever it says, so that nothing beside it moves when it says something else.
    <Text size="sm" c="dimmed" flex="1 1 240px">
      {connection === "open" ? inWords(rate) : CONNECTING[connection]}
      {has > 0 &&
        ` · ${fitting < has ? `${count(fitting)} of ${counted(has, "event")} fit` : `${counted(has, "event")} here`}`}
    </Text>
  );
}

function None({ ring, device }: { ring: Ring; device?: string }) {
  if (ring.shown.length > 0) {
    return (
      <Empty icon={<IconRadar />} title="None fits the filter">
        None of the {counted(ring.shown.length, "event")} at hand has what the filter asks for. New ones are
        still looked at; older ones are found under Stored.
      </Empty>
    );
  }
  return (
    <Empty icon={<IconRadar />} title="Waiting for events">
      {device === undefined
        ? "Whatever is published in this scope shows here as it comes, replies of integrations included. Publish an event to try it."
        : "Whatever this device publishes shows here as it comes, and the replies to it."}
    </Empty>
  );
}
