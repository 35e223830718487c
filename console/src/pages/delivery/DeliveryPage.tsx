import { Anchor, Group, Stack, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { answered, api, type Schemas } from "../../api/client";
import { overview } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { AttemptById } from "../../parts/attempt/AttemptView";
import { TriggerChip } from "../../parts/attempt/Messages";
import { CopyId } from "../../parts/CopyId";
import { Facts } from "../../parts/Facts";
import { Outcome } from "../../parts/Outcome";
import { Page } from "../../parts/Page";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";
import { duration, Time } from "../../parts/Time";
import { Verdict } from "../../parts/Verdict";
import classes from "./DeliveryPage.module.css";

type Story = Schemas["DeliveryStory"];

/** One event for one integration: what became of it, and every try. */
export default function DeliveryPage() {
  const { delivery: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery({
    queryKey: ["integrations", "delivery", id],
    queryFn: () => answered(api.GET("/fieldhook/v1/deliveries/{id}", { params: { path: { id } } })),
  });
  if (data) return <Whole of={data} />;
  return (
    <Page title="Delivery">
      {error ? <Failed error={error} retry={() => void refetch()} /> : <Loading rows={5} height={60} />}
    </Page>
  );
}

function Whole({ of }: { of: Story }) {
  const { data: integration } = useQuery(overview(of.integration));
  const slug = slugOfApi(of.scope);
  const name = integration ? nameOf(integration) : "Integration";
  const to = `/${slug}/integrations/${of.integration}`;
  return (
    <Page
      title={`Delivery of ${of.event_name}`}
      above={[
        { label: "Integrations", to: `/${slug}/integrations` },
        { label: name, to },
      ]}
      says={
        <Group gap="xs">
          <Verdict of={of.verdict} />
          <CopyId id={of.id} label="Copy the delivery's id" />
        </Group>
      }
    >
      <Facts
        of={[
          [
            "Event",
            <Anchor key="event" component={Link} to={`/${slug}/events/${of.event}`} size="sm">
              {of.event_name}
            </Anchor>,
          ],
          [
            "Integration",
            <Anchor key="integration" component={Link} to={to} size="sm">
              {name}
            </Anchor>,
          ],
          [
            "Device",
            of.device && (
              <Anchor key="device" component={Link} to={`/${slug}/devices/${of.device}`} size="sm">
                {of.device}
              </Anchor>
            ),
          ],
          ["Matched", <Time key="matched" at={of.matched_at} whole />],
          ["Last changed", <Time key="changed" at={of.changed_at} whole />],
          ["Next try", of.next_at && <Time key="next" at={of.next_at} whole />],
          ["Ended because", of.reason],
        ]}
      />
      <Attempts of={of} />
    </Page>
  );
}

function Attempts({ of }: { of: Story }) {
  const [open, setOpen] = useState(of.attempts[0]?.id);
  if (of.attempts.length === 0)
    return (
      <span>{of.verdict === "waiting" ? "It has not been tried yet." : "It ended without an attempt."}</span>
    );
  return (
    <Stack gap={0} component="ol" className={classes["attempts"]} aria-label="Attempts, newest first">
      {of.attempts.map((line) => {
        const opened = open === line.id;
        const Chevron = opened ? IconChevronDown : IconChevronRight;
        return (
          <li key={line.id}>
            <UnstyledButton
              className={classes["attempt"]}
              aria-expanded={opened}
              onClick={() => setOpen(opened ? undefined : line.id)}
            >
              <Chevron size={14} aria-hidden />
              <span>Try {line.number}</span>
              <Time at={line.started_at} whole />
              <Outcome outcome={line.outcome} code={line.code} status={line.status} />
              <TriggerChip kind={line.trigger} number={1} />
              <span className={`${classes["message"]} one-line`}>{line.message}</span>
              <span>{duration(line.duration_ms)}</span>
            </UnstyledButton>
            {opened && (
              <div className={classes["opened"]}>
                <AttemptById id={line.id} level={2} />
              </div>
            )}
          </li>
        );
      })}
    </Stack>
  );
}
