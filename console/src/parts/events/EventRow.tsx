import { Anchor, Button, Group, Stack } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, memo } from "react";

import type { LiveEvent } from "../../api/shapes";
import { PlainTime } from "../Time";
import { EventData } from "./EventData";
import { EventFacts } from "./EventFacts";
import { isReply, publisher, sourceOf } from "./publisher";
import { usePublish } from "./publishing";
import classes from "./Rows.module.css";
import { Story } from "./Story";
import type { Names } from "./terms";

/** Most characters of data in a row: more would never be seen, and a stream has many rows. */
const SEEN = 300;

/** One event in a line; open, all that is known of it. */
export const EventRow = memo(function EventRow({
  event,
  names,
  slug,
  open,
  onOpen,
}: {
  event: LiveEvent;
  names: Names;
  slug: string;
  open: boolean;
  onOpen: (id: string | undefined) => void;
}) {
  const failed = event.name.startsWith("hook-error/") || event.name.includes("/hook-error/");
  return (
    <>
      <button
        type="button"
        className={classes["row"]}
        aria-expanded={open}
        onClick={() => onOpen(open ? undefined : event.id)}
        onKeyDown={walk}
        data-event={event.id}
      >
        <span className={classes["chevron"]} aria-hidden />
        <span
          className={isReply(event) ? classes["reply"] : classes["name"]}
          title={event.name}
          data-failed={failed || undefined}
        >
          {event.name}
        </span>
        <span className={classes["data"]}>{event.data?.slice(0, SEEN) ?? ""}</span>
        <span className={classes["device"]}>{publisher(event, names)}</span>
        <span className={`${classes["source"]} ${classes["quiet"]}`}>{sourceOf(event)}</span>
        <span className={`${classes["time"]} ${classes["quiet"]}`}>
          <PlainTime at={event.published_at} />
        </span>
      </button>
      {open && <Detail event={event} names={names} slug={slug} />}
    </>
  );
});

function Detail({ event, names, slug }: { event: LiveEvent; names: Names; slug: string }) {
  const publish = usePublish();
  return (
    <div className={classes["detail"]}>
      <Stack gap="sm" style={{ minWidth: 0 }}>
        <EventData event={event} />
        <EventFacts event={event} slug={slug} names={names} />
        {!isReply(event) && (
          <Group gap="md">
            <Anchor component={Link} to={`/${slug}/events/${event.id}`} size="sm">
              Page of this event
            </Anchor>
            {publish && (
              <Button
                variant="subtle"
                size="compact-sm"
                leftSection={<IconRepeat size={14} aria-hidden />}
                onClick={() => publish({ name: event.name, data: event.data ?? "" })}
              >
                Publish one like it
              </Button>
            )}
          </Group>
        )}
      </Stack>
      <Story event={event} />
    </div>
  );
}

/** The arrow keys go from row to row. */
function walk(key: KeyboardEvent<HTMLElement>) {
  if (key.key !== "ArrowDown" && key.key !== "ArrowUp") return;
  const item = key.currentTarget.closest('[role="listitem"]');
  const next = key.key === "ArrowDown" ? item?.nextElementSibling : item?.previousElementSibling;
  const button = next?.querySelector<HTMLElement>("[data-event]");
  if (!button) return;
  key.preventDefault();
  button.focus();
}
