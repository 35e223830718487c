import { Button, Paper, Stack, Title } from "@mantine/core";
import { IconMoodEmpty } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { ApiError } from "../../api/client";
import { deviceNames } from "../../api/devices";
import { oneEvent } from "../../api/events";
import { useScope } from "../../frame/useScope";
import { EventData } from "../../parts/events/EventData";
import { EventFacts } from "../../parts/events/EventFacts";
import { Story } from "../../parts/events/Story";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import classes from "./EventPage.module.css";

/** One event: what it says, where it came from, what it triggered. */
export default function EventPage() {
  const { event: id = "" } = useParams({ strict: false });
  const { slug, scope } = useScope();
  const { data: names = new Map<string, string>() } = useQuery(deviceNames(scope));
  const { data: event, error, refetch } = useQuery(oneEvent(id));
  return (
    <Page title={event?.name ?? "Event"} above={[{ label: "Events", to: `/${slug}/events` }]}>
      {event && (
        <div className={classes["page"]}>
          <Paper withBorder p="md" className={classes["told"]}>
            <Stack gap="md">
              <Title order={2} size="h6">
                The event
              </Title>
              <EventFacts event={event} slug={slug} names={names} />
              <EventData event={event} tall />
            </Stack>
          </Paper>
          <Paper withBorder p="md" className={classes["told"]}>
            <Story event={event} />
          </Paper>
        </div>
      )}
      {error && <Missing error={error} slug={slug} retry={() => void refetch()} />}
      {!event && !error && <Loading rows={2} height={280} />}
    </Page>
  );
}

function Missing({ error, slug, retry }: { error: Error; slug: string; retry: () => void }) {
  if (!(error instanceof ApiError) || error.status !== 404) return <Failed error={error} retry={retry} />;
  return (
    <Empty icon={<IconMoodEmpty />} title="This event is not stored">
      It may have been removed when its time was over, it may be a reply of an integration, which is never
      stored, or you may not see it.
      <br />
      <Button component={Link} to={`/${slug}/events`} variant="light" size="xs" mt="sm">
        To the events
      </Button>
    </Empty>
  );
}
