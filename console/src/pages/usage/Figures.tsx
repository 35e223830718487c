import { Paper, SimpleGrid, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { dayOf, daysFrom, firstOfMonth, lastOfMonth } from "./days";
import { projected } from "./projection";
import { type By, costliest, type Which } from "./queries";
import type { Schemas } from "../../api/client";
import { count, percent } from "../../parts/numbers";

const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", timeZone: "UTC" });

/** The numbers to know without reading a table. */
export function Figures({
  days,
  which,
  now,
}: {
  days: Schemas["Usage"] | undefined;
  which: Which;
  now: Date;
}) {
  const today = dayOf(now);
  const oneProduct = which.scope?.startsWith("product:");
  const lines = days?.items.map(({ key, operations }) => ({ day: key, operations })) ?? [];
  const thisMonth = which.since === firstOfMonth(today) && which.until === today;
  const end = thisMonth ? projected(lines, now) : undefined;
  const busiest = lines.toSorted((a, b) => b.operations - a.operations)[0];
  const total = days?.operations ?? 0;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
      <Figure label="Operations" value={days && count(total)}>
        {DATE.format(new Date(which.since))} to {DATE.format(new Date(which.until))}
      </Figure>
      {thisMonth ? (
        <Figure
          label={`By ${DATE.format(new Date(lastOfMonth(today)))}`}
          value={days && (end === undefined ? "–" : `about ${count(rounded(end))}`)}
        >
          {end === undefined ? "nothing to go by yet" : "at the pace of the last 7 days"}
        </Figure>
      ) : (
        <Figure
          label="A day, on average"
          value={days && count(Math.round(total / daysFrom(which.since, which.until).length))}
        >
          over {daysFrom(which.since, which.until).length} days
        </Figure>
      )}
      <Figure label="Busiest day" value={days && (busiest ? count(busiest.operations) : "–")}>
        {busiest ? DATE.format(new Date(busiest.day)) : "no operations yet"}
      </Figure>
      <Paper withBorder p="sm">
        <Text size="sm" c="dimmed" mb={4}>
          Cost most
        </Text>
        {!oneProduct && <Costliest by="product" which={which} total={total} />}
        <Costliest by="integration" which={which} total={total} />
        <Costliest by="device" which={which} total={total} />
      </Paper>
    </SimpleGrid>
  );
}

function Figure({
  label,
  value,
  children,
}: {
  label: string;
  value: string | undefined;
  children: ReactNode;
}) {
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      {value === undefined ? (
        <Skeleton height={28} my={4} width="60%" />
      ) : (
        <Text fz={22} fw={600} lh="36px" className="one-line">
          {value}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {children}
      </Text>
    </Paper>
  );
}

function Costliest({ by, which, total }: { by: By; which: Which; total: number }) {
  const { data } = useQuery(costliest(by, which));
  const says = data
    ? `${data.name ?? data.key}, ${percent(data.operations / Math.max(total, data.operations))}`
    : `no ${by}`;
  return (
    <Text size="xs" className="one-line" title={says} c={data ? undefined : "dimmed"}>
      {says}
    </Text>
  );
}

/** Three digits are as much as a guess is good for. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
