import { Anchor, Badge, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { type Issue, issues } from "../../api/troubleshooting";
import { apiScope, slugOfApi } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { useScope } from "../../frame/useScope";
import { STATES } from "../../parts/issueStates";
import { LoadMore } from "../../parts/LoadMore";
import { count, counted } from "../../parts/numbers";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import classes from "./Issues.module.css";

const SHOWN = [
  { value: "unresolved", label: "Unresolved" },
  { value: "resolved", label: "Resolved" },
  { value: "ignored", label: "Ignored" },
  { value: "all", label: "All" },
];

/** One row for each cause of failure, however often it struck. */
export default function Issues() {
  const { scope } = useScope();
  const [asked, ask] = useAddress();
  const shown = SHOWN.find(({ value }) => value === asked["state"])?.value ?? "unresolved";
  const query = useInfiniteQuery(issues(apiScope(scope), shown === "all" ? undefined : shown));
  const rows = query.data?.pages.flatMap(({ items }) => items);
  return (
    <Page
      title="Issues"
      says="One for each cause of failure, however often it strikes. Twenty successes over ten minutes resolve it."
    >
      <Group>
        <SegmentedControl
          aria-label="Which issues"
          size="xs"
          data={SHOWN}
          value={shown}
          onChange={(state) => ask({ state: state === "unresolved" ? undefined : state })}
        />
      </Group>
      {query.isPending && <Loading rows={5} height={64} />}
      {query.isError && !rows && <Failed error={query.error} retry={() => void query.refetch()} />}
      {rows?.length === 0 && <None shown={shown} />}
      {rows && rows.length > 0 && (
        <div role="list" aria-label="Issues">
          {rows.map((row) => (
            <Row key={row.id} of={row} />
          ))}
        </div>
      )}
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
    </Page>
  );
}

function Row({ of }: { of: Issue }) {
  const { label, color } = STATES[of.state];
  return (
    <div role="listitem" className={classes["row"]}>
      <Stack gap={2} style={{ minWidth: 0 }}>
        <Group gap="xs">
          <Anchor
            component={Link}
            to={`/${slugOfApi(of.scope)}/integrations/${of.integration}`}
            hash="problems"
            fw={600}
            size="sm"
          >
            {of.code ?? of.status ?? "Failing"} in {of.name ?? of.prefix}
          </Anchor>
          <Badge color={color} variant="light" tt="none">
            {label}
          </Badge>
          {of.regressions > 0 && (
            <Badge color="red" variant="light" tt="none">
              Back again
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" className={classes["where"]}>
          <code>{of.prefix}</code> → {of.origin ?? "never sent"}
        </Text>
      </Stack>
      <Text size="sm" component="div" className={classes["much"]}>
        {count(of.count)} of {counted(of.attempts, "attempt")} ({of.percent} %)
        <Text size="xs" c="dimmed" component="div">
          {devices(of)}since <Time at={of.first_seen} whole />, last <Time at={of.last_seen} whole />
        </Text>
      </Text>
    </div>
  );
}

function devices({ devices, more_devices }: Issue): string {
  if (devices.length === 0) return "";
  return `${more_devices ? "more than " : ""}${counted(devices.length, "device")}, `;
}

function None({ shown }: { shown: string }) {
  return shown === "unresolved" ? (
    <Empty icon={<IconCircleCheck />} title="No issue is open">
      Every integration here gets its events through, as far as any were sent.
    </Empty>
  ) : (
    <Empty icon={<IconCircleCheck />} title="No such issue">
      None stands there at present.
    </Empty>
  );
}
