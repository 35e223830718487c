import { Anchor, Progress, Table, Text } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { nameOf } from "./names";
import { type By, usageBy, type Which } from "./queries";
import type { Schemas } from "../../api/client";
import { useScope } from "../../frame/useScope";
import { LoadMore } from "../../parts/LoadMore";
import { count, percent } from "../../parts/numbers";
import { Empty, Failed, Loading } from "../../parts/State";

/** Operations by one thing, what cost most first; days the newest first. */
export function Lines({ by, which }: { by: By; which: Which }) {
  const list = useInfiniteQuery(usageBy(by, which));
  const lines = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = list.data?.pages[0]?.operations ?? 0;
  return (
    <>
      {list.isPending && <Loading rows={6} height={38} />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data && lines.length === 0 && (
        <Empty icon={<IconChartBar />} title="No operations in these days">
          They are counted when a device publishes, or receives an event or a reply with its own token.
        </Empty>
      )}
      {lines.length > 0 && (
        <Table layout="fixed" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{HEADING[by]}</Table.Th>
              <Table.Th w={110} ta="right">
                Operations
              </Table.Th>
              <Table.Th w={170} visibleFrom="sm">
                Share
              </Table.Th>
              {by === "integration" ? (
                <>
                  <Table.Th w={100} ta="right" visibleFrom="md">
                    Triggers
                  </Table.Th>
                  <Table.Th w={110} ta="right" visibleFrom="xs">
                    A trigger
                  </Table.Th>
                </>
              ) : (
                <>
                  <Table.Th w={110} ta="right" visibleFrom="md">
                    Published
                  </Table.Th>
                  <Table.Th w={110} ta="right" visibleFrom="md">
                    Received
                  </Table.Th>
                </>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.map((line) => (
              <Row key={line.key} by={by} line={line} total={total} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      <LoadMore more={list.hasNextPage} loading={list.isFetchingNextPage} load={list.fetchNextPage} />
    </>
  );
}

const HEADING: Record<By, string> = {
  product: "Product",
  integration: "Integration, by the replies it caused",
  device: "Device",
  day: "Day (UTC)",
};

function Row({ by, line, total }: { by: By; line: Schemas["UsageLine"]; total: number }) {
  const share = total === 0 ? 0 : line.operations / total;
  return (
    <Table.Tr>
      <Table.Td className="one-line">
        <Name by={by} line={line} />
      </Table.Td>
      <Table.Td ta="right">{count(line.operations)}</Table.Td>
      <Table.Td visibleFrom="sm">
        <Progress value={share * 100} aria-label={`${percent(share)} of all`} size="sm" color="teal" />
        <Text size="xs" c="dimmed">
          {percent(share)}
        </Text>
      </Table.Td>
      {by === "integration" ? (
        <>
          <Table.Td ta="right" visibleFrom="md">
            {line.key === "" ? "–" : count(line.triggers)}
          </Table.Td>
          <Table.Td ta="right" visibleFrom="xs">
            <ATrigger line={line} />
          </Table.Td>
        </>
      ) : (
        <>
          <Table.Td ta="right" visibleFrom="md">
            {count(line.publishes)}
          </Table.Td>
          <Table.Td ta="right" visibleFrom="md">
            {count(line.received)}
          </Table.Td>
        </>
      )}
    </Table.Tr>
  );
}

/** Operations that each trigger costs in replies; more than one is worth a look. */
function ATrigger({ line: { operations, triggers } }: { line: Schemas["UsageLine"] }) {
  if (triggers === 0) return "–";
  const each = operations / triggers;
  return (
    <Text
      span
      size="sm"
      fw={each > 1 ? 600 : undefined}
      c={each > 1 ? "var(--mantine-color-orange-light-color)" : undefined}
    >
      {each.toFixed(1)}
    </Text>
  );
}

function Name({ by, line }: { by: By; line: Schemas["UsageLine"] }) {
  const { slug } = useScope();
  const name = nameOf(by, line);
  const to = {
    product: `/product-${line.key}/usage`,
    integration: `/${slug}/integrations/${line.key}`,
    device: `/${slug}/devices/${line.key}`,
    day: "",
  }[by];
  if (by === "day" || line.key === "" || line.name == null) return name;
  return (
    <Anchor component={Link} to={to} size="sm" title={line.key}>
      {name}
    </Anchor>
  );
}
