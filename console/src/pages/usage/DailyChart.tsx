import { BarChart } from "@mantine/charts";

import { type Day, daysFrom } from "./days";
import type { Schemas } from "../../api/client";
import { count, short } from "../../parts/numbers";

const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** Operations day by day: what was published, and on it what was received. */
export function DailyChart({
  lines,
  range: { since, until },
}: {
  lines: Schemas["UsageLine"][];
  range: { since: Day; until: Day };
}) {
  const by = new Map(lines.map((line) => [line.key, line]));
  const data = daysFrom(since, until).map((day) => ({
    day: DATE.format(new Date(day)),
    publishes: by.get(day)?.publishes ?? 0,
    received: by.get(day)?.received ?? 0,
  }));
  return (
    <div role="figure" aria-label="Operations day by day; the tab Days holds the same as a table">
      <BarChart
        h={220}
        data={data}
        dataKey="day"
        type="stacked"
        withLegend
        tickLine="none"
        gridAxis="x"
        valueFormatter={count}
        yAxisProps={{ tickFormatter: short, width: 52 }}
        maxBarWidth={28}
        series={[
          { name: "publishes", label: "Published", color: "teal.6" },
          { name: "received", label: "Received", color: "violet.5" },
        ]}
      />
    </div>
  );
}
