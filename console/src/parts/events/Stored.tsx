import { Button, Group, Text, Select, TextInput } from "@mantine/core";
import { IconDatabaseSearch, IconRefresh } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { storedEvents } from "../../api/events";
import { useAddress } from "../../frame/useAddress";
import { LoadMore } from "../LoadMore";
import { count, counted } from "../numbers";
import { Empty, Failed, Loading } from "../State";
import { type Look, useTerms } from "./look";
import { bounds, LAST, localMoment, type Range, rangeOf, written } from "./range";
import { Rows } from "./Rows";
import { fits, type Terms } from "./terms";

const HOUR = 3_600_000;

/** Stored events of a stretch of time, page by page. */
export function Stored(look: Look) {
  const { scope, slug, names, height } = look;
  const { terms, server } = useTerms(look);
  const [asked, tell] = useAddress();
  const range = rangeOf(asked["range"]);
  const rangeText = written(range);
  const [now, setNow] = useState(() => Date.now());
  const wanted = useMemo(
    () => ({ scope, ...server, q: textFor(terms), ...bounds(rangeOf(rangeText), now) }),
    [scope, server, terms, rangeText, now],
  );
  const found = useInfiniteQuery(storedEvents(wanted));
  const [opened, setOpened] = useState<string>();
  const read = useMemo(
    () =>
      found.data?.pages.flatMap(({ items }) => items.map((event) => ({ event, heardFor: server.device }))),
    [found.data, server.device],
  );
  const rows = useMemo(() => read?.filter((row) => fits(terms, row, names)) ?? [], [read, terms, names]);
  return (
    <div>
      <Group justify="space-between" gap="xs" mb="xs" mih={30}>
        <Text size="sm" c="dimmed">
          {read ? summary(rows.length, read.length, found.hasNextPage) : "Searching…"}
        </Text>
        <Group gap="xs">
          <Span range={range} onRange={(range) => tell({ range: written(range) })} />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={14} aria-hidden />}
            onClick={() => setNow(Date.now())}
            loading={found.isFetching && !found.isFetchingNextPage}
          >
            Search again
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
        below={
          <>
            {found.isPending && <Loading rows={12} height={31} />}
            {found.error && <Failed error={found.error} retry={() => void found.refetch()} />}
            {read && rows.length === 0 && <Nothing more={found.hasNextPage} />}
            <div style={{ padding: 10 }}>
              <LoadMore
                more={found.hasNextPage}
                loading={found.isFetchingNextPage}
                load={found.fetchNextPage}
              />
            </div>
          </>
        }
      />
    </div>
  );
}

function Span({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  function choose(value: string | null) {
    if (value !== "between") return onRange({ kind: "last", minutes: Number(value ?? 60) });
    const now = Date.now();
    onRange({ kind: "between", from: localMoment(now - HOUR), to: localMoment(now) });
  }
  return (
    <>
      <Select
        size="xs"
        w={160}
        aria-label="Time"
        allowDeselect={false}
        data={[...LAST, { value: "between", label: "From … to …" }]}
        value={range.kind === "last" ? String(range.minutes) : "between"}
        onChange={choose}
      />
      {range.kind === "between" && (
        <>
          <TextInput
            size="xs"
            type="datetime-local"
            aria-label="From"
            value={range.from}
            onChange={(change) => onRange({ ...range, from: change.currentTarget.value })}
          />
          <TextInput
            size="xs"
            type="datetime-local"
            aria-label="To"
            value={range.to}
            onChange={(change) => onRange({ ...range, to: change.currentTarget.value })}
          />
        </>
      )}
    </>
  );
}

function Nothing({ more }: { more: boolean }) {
  return (
    <Empty icon={<IconDatabaseSearch />} title={more ? "Nothing among these" : "No stored event fits"}>
      {more
        ? "None of the newest events of this time fits the whole filter. Load more to look further back."
        : "Widen the time, or ask the filter for less. Replies of integrations are not stored."}
    </Empty>
  );
}

/** The text that the server looks for in name and data. Words may be in a device's name too, which it cannot see. */
function textFor({ data }: Terms): string | undefined {
  return data.length === 1 ? data[0] : undefined;
}

function summary(fitting: number, read: number, more: boolean): string {
  const of = fitting < read ? ` of ${count(read)} looked at` : "";
  return `${counted(fitting, "event")}${of}${more ? ", and there are more" : ""}`;
}
