import { Anchor, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { answered, api, type Schemas } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { slugOfApi } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { LoadMore } from "../../parts/LoadMore";
import { count } from "../../parts/numbers";
import { Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import { Verdict } from "../../parts/Verdict";
import classes from "./Integration.module.css";
import { Panel } from "./Panel";

const FIGURES = ["matched", "delivered", "failed", "dropped", "waiting"] as const;
type Figure = (typeof FIGURES)[number];

/** What became of every event that matched: the sum is true at every moment, and each number opens onto its rows. */
export function Books({ of }: { of: IntegrationStory }) {
  const [asked, ask] = useAddress();
  const { data, isError, error, refetch } = useQuery({
    queryKey: ["integration", of.id, "books"],
    queryFn: () =>
      answered(api.GET("/fieldhook/v1/integrations/{id}/books", { params: { path: { id: of.id } } })),
  });
  const open = FIGURES.find((figure) => figure === asked["deliveries"]);
  return (
    <Panel id="books" title="Books">
      {isError && !data && <Failed error={error} retry={() => void refetch()} />}
      {!data && !isError && <Loading rows={1} height={58} />}
      {data && (
        <div className={classes["book"]}>
          {FIGURES.map((figure, at) => (
            <UnstyledButton
              key={figure}
              className={classes["figure"]}
              aria-pressed={open === figure}
              onClick={() => ask({ deliveries: open === figure ? undefined : figure })}
            >
              <Text size="lg" fw={600} lh={1.3}>
                {count(data[figure])}
              </Text>
              <Text size="xs" c="dimmed">
                {["", "= ", "+ ", "+ ", "+ "][at]}
                {figure}
              </Text>
            </UnstyledButton>
          ))}
        </div>
      )}
      {open && <Deliveries of={of} figure={open} />}
    </Panel>
  );
}

/** The deliveries behind a number. */
function Deliveries({ of, figure }: { of: IntegrationStory; figure: Figure }) {
  const query = useInfiniteQuery({
    queryKey: ["integration", of.id, "deliveries", figure],
    initialPageParam: "",
    maxPages: 20,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/fieldhook/v1/deliveries", {
          params: {
            query: {
              integration: of.id,
              limit: 25,
              ...(figure !== "matched" && { verdict: figure }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ items }) => items);
  if (!rows && query.isError) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!rows) return <Loading rows={5} height={32} />;
  if (rows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No delivery is {figure}.
      </Text>
    );
  return (
    <Stack gap="xs">
      <Table.ScrollContainer
        minWidth={480}
        maxHeight={420}
        type="native"
        tabIndex={0}
        aria-label="Deliveries"
      >
        <Table verticalSpacing={5} fz="sm" layout="fixed" stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={150}>Matched</Table.Th>
              <Table.Th>Event</Table.Th>
              <Table.Th w={104}>Verdict</Table.Th>
              <Table.Th w={70} ta="right">
                Tries
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <DeliveryRow key={row.id} of={row} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
    </Stack>
  );
}

function DeliveryRow({ of }: { of: Schemas["Delivery"] }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/${slugOfApi(of.scope)}/deliveries/${of.id}`} size="sm">
          <Time at={of.matched_at} whole />
        </Anchor>
      </Table.Td>
      <Table.Td className="one-line" title={of.reason ?? of.event_name}>
        {of.event_name}
      </Table.Td>
      <Table.Td>
        <Verdict of={of.verdict} />
      </Table.Td>
      <Table.Td ta="right">{of.attempt_count}</Table.Td>
    </Table.Tr>
  );
}
