import { Anchor, Badge, Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconBellCheck } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import classes from "./Alerts.module.css";
import { type Alert, alerts, dismiss } from "../../api/alerts";
import { apiScope } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { atLeast, useScope } from "../../frame/useScope";
import { KINDS, placeOf } from "../../parts/alertKinds";
import { LoadMore } from "../../parts/LoadMore";
import { complained } from "../../parts/notify";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import { Words } from "../../parts/Words";

const SHOWN = [
  { value: "open", label: "Open" },
  { value: "over", label: "Over" },
];

/** What somebody should hear of: one alert for each cause, until the cause is gone. */
export default function Alerts() {
  const { scope, slug } = useScope();
  const [asked, ask] = useAddress();
  const shown = asked["state"] === "over" ? "over" : "open";
  const query = useInfiniteQuery(alerts(apiScope(scope), shown));
  const rows = query.data?.pages.flatMap(({ items }) => items);
  return (
    <Page
      title="Alerts"
      says="One for each cause, however often it strikes; over when the cause is gone."
      actions={
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link {...props} to="/$scope/settings" params={{ scope: slug }} search={{ tab: "alerts" }} />
          )}
        >
          Where they go
        </Button>
      }
    >
      <Group>
        <SegmentedControl
          aria-label="Which alerts"
          size="xs"
          data={SHOWN}
          value={shown}
          onChange={(state) => ask({ state: state === "open" ? undefined : state })}
        />
      </Group>
      {query.isPending && <Loading rows={4} height={76} />}
      {query.isError && !rows && <Failed error={query.error} retry={() => void query.refetch()} />}
      {rows?.length === 0 && (
        <Empty
          icon={<IconBellCheck />}
          title={shown === "open" ? "No alert is open" : "None was over lately"}
        >
          {shown === "open"
            ? "Nothing here fails, sleeps or has fallen silent."
            : "Alerts that are over are kept for thirty days."}
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <div role="list" aria-label="Alerts">
          {rows.map((row) => (
            <Row key={row.id} of={row} />
          ))}
        </div>
      )}
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
    </Page>
  );
}

function Row({ of }: { of: Alert }) {
  const { role } = useScope();
  const { label, color } = KINDS[of.kind];
  return (
    <div role="listitem" className={classes["row"]}>
      <Stack gap={4} style={{ minWidth: 0 }}>
        <Group gap="xs">
          <Badge color={of.ended_at ? "gray" : color} variant="light" tt="none">
            {label}
            {of.percent != null && ` ${of.percent} %`}
          </Badge>
          <Anchor
            component={Link}
            to={placeOf(of)}
            hash={of.cause.type === "issue" ? "problems" : ""}
            fw={600}
            size="sm"
            style={{ overflowWrap: "anywhere" }}
          >
            <Words of={of.title} />
          </Anchor>
        </Group>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          <Words of={of.fact} />
        </Text>
        <Text size="xs" c="dimmed" component="div">
          raised <Time at={of.raised_at} whole />
          {of.ended_at && (
            <>
              , over <Time at={of.ended_at} whole />: {of.ended_by}
            </>
          )}
        </Text>
      </Stack>
      {!of.ended_at && atLeast(role, "support") && <Dismiss of={of} />}
    </div>
  );
}

function Dismiss({ of }: { of: Alert }) {
  const queries = useQueryClient();
  const act = async () => {
    try {
      await dismiss(of.id);
      await queries.invalidateQueries({ queryKey: ["integrations", "alerts"] });
    } catch (error) {
      complained("The alert was not dismissed", error);
    }
  };
  return (
    <Button size="compact-sm" variant="subtle" aria-label={`Dismiss: ${of.title}`} onClick={() => void act()}>
      Dismiss
    </Button>
  );
}
