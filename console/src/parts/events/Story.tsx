import { Button, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";

import { ApiError, type Schemas } from "../../api/client";
import { oneEvent } from "../../api/events";
import { Section } from "../attempt/Section";
import { counted } from "../numbers";
import { Failed, Loading } from "../State";
import { isReply } from "./publisher";
import { sorted } from "./reasons";
import classes from "./Story.module.css";
import { TraceRow } from "./TraceRow";

/** What an event triggered, and for every other integration why it did not. */
export function Story({ event }: { event: Schemas["Event"] }) {
  return (
    <Section title="What it triggered">{isReply(event) ? <OfReply /> : <Asked id={event.id} />}</Section>
  );
}

function OfReply() {
  return (
    <Text size="sm" c="dimmed">
      Nothing: it is itself a reply of an integration, and replies trigger none, so that hooks cannot loop.
      Replies are passed on to whoever listens and are not stored.
    </Text>
  );
}

function Asked({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(oneEvent(id));
  if (data) return <Told story={data} />;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Text size="sm" c="dimmed">
        The server does not have this event stored, or no longer, so it cannot say what it triggered.
      </Text>
    );
  }
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  return <Loading rows={2} height={38} />;
}

function Told({ story }: { story: Schemas["EventStory"] }) {
  const { fired, close, others } = sorted(story.trace);
  const deliveries = new Map(story.deliveries.map((delivery) => [delivery.integration, delivery]));
  const traced = new Set(story.trace.map(({ integration }) => integration));
  const orphans = story.deliveries.filter(({ integration }) => !traced.has(integration));
  const nothing = fired.length === 0 && orphans.length === 0;
  return (
    <Stack gap={6}>
      {nothing && <Nothing seen={story.trace.length} close={close.length} />}
      {fired.length + orphans.length + close.length > 0 && (
        <div className={classes["rows"]} role="list">
          {fired.map((line) => (
            <TraceRow key={line.integration} line={line} delivery={deliveries.get(line.integration)} />
          ))}
          {orphans.map((delivery) => (
            <TraceRow key={delivery.id} delivery={delivery} />
          ))}
          {close.map((line) => (
            <TraceRow key={line.integration} line={line} />
          ))}
        </div>
      )}
      <Others lines={others} leftOut={story.trace_left_out} />
    </Stack>
  );
}

function Nothing({ seen, close }: { seen: number; close: number }) {
  if (seen === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing: there is no integration yet that you can see.
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed">
      It fired no integration.{" "}
      {close > 0
        ? "These were close:"
        : `None of ${counted(seen, "integration")} waits for an event of this name.`}
    </Text>
  );
}

/** Integrations that have to do with other events: there for completeness, out of the way until asked for. */
function Others({ lines, leftOut }: { lines: Schemas["TraceLine"][]; leftOut: number }) {
  const [open, { toggle }] = useDisclosure(false);
  if (lines.length === 0) return null;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Button variant="subtle" size="compact-xs" onClick={toggle} aria-expanded={open}>
          {open ? "Hide" : "Show"} {counted(lines.length, "integration")} for other events
        </Button>
      </Group>
      {open && (
        <div className={classes["rows"]} role="list">
          {lines.map((line) => (
            <TraceRow key={line.integration} line={line} />
          ))}
        </div>
      )}
      {open && leftOut > 0 && (
        <Text size="xs" c="dimmed">
          {counted(leftOut, "more integration")} not listed.
        </Text>
      )}
    </Stack>
  );
}
