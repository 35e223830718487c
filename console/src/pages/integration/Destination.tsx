import { Anchor, Button, Group, Text, Tooltip } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { type Destination as Found, destinationAt, wake } from "../../api/destinations";
import type { IntegrationStory } from "../../api/shapes";
import { overviews } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { Facts } from "../../parts/Facts";
import { complained, said } from "../../parts/notify";
import { count, percent } from "../../parts/numbers";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import classes from "./Integration.module.css";
import { Panel } from "./Panel";

/** Where the requests go, and whether the gate lets them. */
export function Destination({ of, mayWake }: { of: IntegrationStory; mayWake: boolean }) {
  const { data, isPending, isError, error, refetch } = useQuery({
    queryKey: ["integration", of.id, "destination"],
    // The window is ten seconds long: it moves without anything happening.
    refetchInterval: 2_000,
    queryFn: () => destinationAt(of.scope, of.origin ?? null),
  });
  return (
    <Panel
      id="destination"
      title="Destination"
      aside={data && mayWake && <Wake of={data} integration={of.id} />}
    >
      {isError && data === undefined && <Failed error={error} retry={() => void refetch()} />}
      {isPending && <Loading rows={1} height={150} />}
      {data === null && (
        <Text size="sm" c="dimmed">
          {of.origin == null
            ? "The template decides the host anew for every event; each attempt says where it went."
            : "Nothing was sent there lately, so the gate is open and its window empty."}
        </Text>
      )}
      {data && <Gate of={data} />}
      {of.host != null && <Neighbours of={of} host={of.host} />}
    </Panel>
  );
}

function Gate({ of }: { of: Found }) {
  const { gate } = of;
  const most = Math.max(1, ...gate.window.map(({ attempts }) => attempts));
  return (
    <>
      <div
        className={classes["window"]}
        role="img"
        aria-label={`The last 10 seconds: ${gate.accepts} of ${gate.attempts} attempts accepted`}
      >
        {gate.window.map(({ attempts, accepts }, second) => (
          // The seconds of the window are told apart by their place alone.
          // oxlint-disable-next-line react/no-array-index-key
          <Tooltip key={second} label={`${accepts} of ${attempts} accepted`}>
            <div>
              <i
                className={classes["refused"]}
                style={{ height: `${((attempts - accepts) / most) * 100}%` }}
              />
              <i className={classes["accepted"]} style={{ height: `${(accepts / most) * 100}%` }} />
            </div>
          </Tooltip>
        ))}
      </div>
      <Facts
        of={[
          ["Gate", state(gate)],
          ["Window", `${count(gate.accepts)} of ${count(gate.attempts)} accepted in the last 10 s`],
          ["To skipping", gate.probability > 0 ? null : `${gate.to_skipping_percent} % of the way`],
          ["Asked to wait", gate.closed_until && <Time key="until" at={gate.closed_until} whole />],
          ["Next sure try", gate.next_pass && <Time key="pass" at={gate.next_pass} whole />],
          ["On the wire", `${of.in_flight} of at most ${of.width} requests`],
          ["Address", of.origin],
        ]}
      />
    </>
  );
}

function state(gate: Schemas["GateState"]): string {
  if (gate.closed_until) return "closed at the endpoint's own wish";
  if (gate.probability <= 0) return gate.warning ? "open, but near to skipping" : "open";
  return `skips ${percent(gate.probability)} of the attempts, for failures outnumber successes`;
}

/** What else feeds the same window: its failures are held against this one too. */
function Neighbours({ of, host }: { of: IntegrationStory; host: string }) {
  const { data } = useInfiniteQuery(overviews(of.scope, { host }));
  const others = data?.pages[0]?.items.filter(({ id, origin }) => id !== of.id && origin === of.origin) ?? [];
  if (others.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Fed by this integration alone.
      </Text>
    );
  return (
    <Text size="sm" c="dimmed">
      Also fed by{" "}
      {others.map((other, at) => (
        <span key={other.id}>
          {at > 0 && ", "}
          <Anchor component={Link} to={`/${slugOfApi(other.scope)}/integrations/${other.id}`} size="sm">
            {nameOf(other)}
          </Anchor>
        </span>
      ))}
      : all share one window.
    </Text>
  );
}

function Wake({ of, integration }: { of: Found; integration: string }) {
  const queries = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: () => wake(of.id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["integration", integration] });
      said(`${of.origin} is awake: its window is empty.`);
    },
    onError: (error) => complained(`${of.origin} was not woken`, error),
  });
  return (
    <Group>
      <Button size="compact-sm" variant="default" loading={isPending} onClick={() => mutate()}>
        Wake
      </Button>
    </Group>
  );
}
