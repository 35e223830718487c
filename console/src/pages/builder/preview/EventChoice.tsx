import { Group, SegmentedControl, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { answered, api } from "../../../api/client";
import { useLive } from "../../../live/useLive";
import { Time } from "../../../parts/Time";
import { useDraft } from "../draft";
import { type SampleEvent, textOfData } from "../model/variables";
import { textOf } from "../model/template";

type Way = "recent" | "live" | "written";

const WAYS = [
  { value: "recent", label: "Recent" },
  { value: "live", label: "Live" },
  { value: "written", label: "Written" },
];

/** Which event the preview is made with: a real one, the newest as they come, or one written by hand. */
export function EventChoice() {
  const { template, apiScope, event, setEvent } = useDraft();
  const [prefix] = useDebouncedValue(textOf(template, "event") ?? "", 300);
  const [way, setWay] = useState<Way>("recent");
  const recent = useQuery({
    queryKey: ["events", apiScope, prefix, "for the builder"],
    enabled: prefix !== "",
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const query = { scope: apiScope, name: prefix, limit: 25 };
      const { items } = await answered(api.GET("/fieldhook/v1/events", { params: { query } }));
      // Replies never fire a webhook.
      return items.filter(({ coreid }) => coreid !== "particle-internal");
    },
  });
  const events = prefix === "" ? [] : offered(recent.data ?? [], event, prefix);
  const known = events.some(({ id }) => id === event.id);
  useEffect(() => {
    const [newest] = events;
    if (way === "recent" && newest && !known) setEvent(newest);
    // Only when other events are there to choose from: a choice that was made is kept.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [way, recent.data]);
  const none = prefix === "" || (recent.isSuccess && events.length === 0);
  return (
    <Stack gap={6}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <SegmentedControl
          aria-label="Which event"
          size="xs"
          data={WAYS}
          value={way}
          onChange={(way) => setWay(way as Way)}
        />
        {way === "recent" && (
          <Select
            aria-label="Recent event"
            size="xs"
            flex={1}
            miw={0}
            allowDeselect={false}
            disabled={none}
            placeholder={none ? "No event of that name yet" : undefined}
            data={events.map((event) => ({ value: String(event.id), label: summary(event) }))}
            value={known ? String(event.id) : null}
            onChange={(id) => {
              const chosen = events.find((event) => event.id === id);
              if (chosen) setEvent(chosen);
            }}
          />
        )}
      </Group>
      {way === "live" && (
        <>
          <FollowLive prefix={prefix} onEvent={setEvent} />
          <Chosen event={event} />
        </>
      )}
      {(way === "written" || (way === "recent" && none)) && <Written event={event} onChange={setEvent} />}
    </Stack>
  );
}

function summary(event: SampleEvent): string {
  const at = event.published_at ? new Date(event.published_at).toLocaleTimeString() : "";
  return `${at}  ${event.name ?? ""}  ${textOfData(event).slice(0, 60)}`;
}

/** The recent events, and before them the one that the page was opened with. */
function offered(recent: SampleEvent[], chosen: SampleEvent, prefix: string): SampleEvent[] {
  const older =
    chosen.id != null && chosen.name?.startsWith(prefix) && !recent.some(({ id }) => id === chosen.id);
  return older ? [chosen, ...recent] : recent;
}

/** The event that is shown, in one line. */
function Chosen({ event }: { event: SampleEvent }) {
  return (
    <Text size="xs" c="dimmed" component="div">
      <Group gap={6} wrap="nowrap">
        {event.published_at && <Time at={event.published_at} />}
        <Text span size="xs" ff="monospace" className="one-line" flex="0 0 auto" maw="45%">
          {event.name}
        </Text>
        <Text span size="xs" ff="monospace" className="one-line" miw={0} title={textOfData(event)}>
          {textOfData(event)}
        </Text>
      </Group>
    </Text>
  );
}

/** Hands on the newest event of the prefix, at most two a second, so that it can be read. */
function FollowLive({ prefix, onEvent }: { prefix: string; onEvent: (event: SampleEvent) => void }) {
  const { apiScope } = useDraft();
  const [heard, setHeard] = useState(0);
  const [last, setLast] = useState(0);
  const connection = useLive(
    apiScope,
    {
      onEvents: (events, leftOut) => {
        setHeard((count) => count + events.length + leftOut);
        const newest = events.findLast(({ coreid }) => coreid !== "particle-internal");
        const now = performance.now();
        if (!newest || now - last < 500) return;
        setLast(now);
        onEvent(newest);
      },
    },
    { name: prefix },
  );
  return (
    <Text size="xs" c="dimmed" role="status">
      {connection === "lost"
        ? "The connection is lost; trying again"
        : heard === 0
          ? "Waiting for the next event…"
          : `${heard.toLocaleString("en-GB")} heard; the newest is shown`}
    </Text>
  );
}

function Written({ event, onChange }: { event: SampleEvent; onChange: (event: SampleEvent) => void }) {
  const { template } = useDraft();
  const name = event.name ?? textOf(template, "event") ?? "";
  // What is written is no event that ever was, so it has no id of one.
  const change = (part: SampleEvent) => onChange({ ...event, name, id: undefined, ...part });
  return (
    <Stack gap={6}>
      <SimpleGrid cols={2} spacing={6}>
        <TextInput
          size="xs"
          label="Event"
          value={name}
          onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        />
        <TextInput
          size="xs"
          label="Device id"
          placeholder="api"
          value={event.coreid ?? ""}
          error={
            /^([0-9a-f]{24}|api|particle-internal|)$/.test(event.coreid ?? "") ? undefined : "24 hex digits"
          }
          onChange={({ currentTarget }) => change({ coreid: currentTarget.value || undefined })}
        />
      </SimpleGrid>
      <Textarea
        size="xs"
        label="Data"
        autosize
        minRows={2}
        maxRows={8}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        value={textOfData(event)}
        onChange={({ currentTarget }) => change({ data: currentTarget.value })}
      />
    </Stack>
  );
}
