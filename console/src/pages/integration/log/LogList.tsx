import { Button, Skeleton, Text } from "@mantine/core";
import { IconArrowUp, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import { AttemptById } from "../../../parts/attempt/AttemptView";
import { TriggerChip } from "../../../parts/attempt/Messages";
import { count } from "../../../parts/numbers";
import { Outcome } from "../../../parts/Outcome";
import { duration, Time } from "../../../parts/Time";
import classes from "./LogList.module.css";
import type { Line, Log } from "./useLog";

const ROW = 37;

/** The rows of the log, in a box of their own; only those in sight are there. */
export function LogList({ log, rows }: { log: Log; rows: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  // What it returns is used here alone, never handed to a memoised child.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (at) => log.row(at)?.id ?? at,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const { inSight } = log;
  const from = items[0]?.index ?? 0;
  const to = items.at(-1)?.index ?? 0;
  useEffect(() => inSight(from, to), [inSight, from, to]);
  const [atTop, setAtTop] = useState(true);
  useTakingIn(log, atTop && open.size === 0);
  const toggle = (id: string) => setOpen((old) => toggled(old, id));
  return (
    <div className={classes["frame"]}>
      <Unseen
        log={log}
        hidden={atTop && open.size === 0}
        onTake={() => {
          log.takeIn();
          setOpen(new Set());
          box.current?.scrollTo({ top: 0 });
        }}
      />
      <div
        ref={box}
        className={classes["box"]}
        role="list"
        aria-label="Attempts, newest first"
        onScroll={({ currentTarget }) => setAtTop(currentTarget.scrollTop < ROW / 2)}
      >
        <div className={classes["rows"]} style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map(({ key, index, start }) => (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              role="listitem"
              className={classes["item"]}
              style={{ transform: `translateY(${start}px)` }}
            >
              <Row line={log.row(index)} open={open} onToggle={toggle} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function toggled(open: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(open);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** While the newest are in sight and nothing is being read, new ones are shown as they come. */
function useTakingIn(log: Log, following: boolean) {
  const { takeIn } = log;
  const waiting = log.unseen.rows > 0;
  useEffect(() => {
    if (following && waiting) takeIn();
  }, [following, waiting, takeIn]);
}

function Unseen({ log, hidden, onTake }: { log: Log; hidden: boolean; onTake: () => void }) {
  const { rows, more } = log.unseen;
  return (
    <div className={classes["unseen"]} aria-live="polite">
      {rows > 0 && !hidden && (
        <Button size="compact-sm" radius="xl" leftSection={<IconArrowUp size={14} />} onClick={onTake}>
          {count(rows)}
          {more && " or more"} new
        </Button>
      )}
    </div>
  );
}

function Row({
  line,
  open,
  onToggle,
}: {
  line: Line | undefined;
  open: ReadonlySet<string>;
  onToggle: (id: string) => void;
}) {
  if (!line)
    return (
      <div className={classes["waiting"]}>
        <Skeleton height={14} radius="sm" />
      </div>
    );
  const opened = open.has(line.id);
  const Chevron = opened ? IconChevronDown : IconChevronRight;
  return (
    <>
      <button
        type="button"
        className={classes["row"]}
        aria-expanded={opened}
        data-outcome={line.outcome}
        onClick={() => onToggle(line.id)}
      >
        <Chevron size={14} aria-hidden />
        <span className={classes["time"]}>
          <Time at={line.started_at} />
        </span>
        <span className={classes["outcome"]}>
          <Outcome outcome={line.outcome} code={line.code} status={line.status} />
        </span>
        <span className={`${classes["event"]} one-line`} title={line.event_name}>
          {line.event_name}
        </span>
        <span className={`${classes["device"]} one-line`} title={line.device ?? undefined}>
          {line.device ?? "api"}
        </span>
        <span className={`${classes["message"]} one-line`} title={line.message ?? undefined}>
          <TriggerChip kind={line.trigger} number={line.number} /> {line.message}
        </span>
        <Text span size="sm" className={classes["took"]}>
          {duration(line.duration_ms)}
        </Text>
      </button>
      {opened && (
        <div className={classes["opened"]}>
          <AttemptById id={line.id} level={3} />
        </div>
      )}
    </>
  );
}
