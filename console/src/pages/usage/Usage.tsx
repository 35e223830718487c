import { Paper, Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { DailyChart } from "./DailyChart";
import { rangeOf } from "./days";
import { Download } from "./Download";
import { Figures } from "./Figures";
import { Lines } from "./Lines";
import { type By, usageByDay } from "./queries";
import { Range } from "./Range";
import { useNow } from "./useNow";
import { apiScope } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";
import { Failed } from "../../parts/State";

const TABS: { by: By; label: string }[] = [
  { by: "product", label: "Products" },
  { by: "integration", label: "Integrations" },
  { by: "device", label: "Devices" },
  { by: "day", label: "Days" },
];

/** Operations: how many, where they come from, and where the month is heading. */
export default function Usage() {
  const { scope } = useScope();
  const [asked, change] = useAddress();
  const now = useNow();
  const range = rangeOf(asked, now);
  const everything = asked["all"] === "yes";
  const which = { ...range, scope: everything ? undefined : apiScope(scope) };
  const by =
    TABS.find(({ by }) => by === asked["by"])?.by ?? (scope.kind === "product" ? "device" : "product");
  const days = useQuery(usageByDay(which));
  return (
    <Page
      title="Usage"
      says="An operation is a publish, for each 1,024 bytes begun, or an event or a part of a reply that a device receives."
      actions={<Download by={by} which={which} />}
    >
      <Range
        range={range}
        everything={everything}
        now={now}
        change={({ since, until, everything }) =>
          change({ since, until, all: everything === undefined ? asked["all"] : everything ? "yes" : "" })
        }
      />
      {days.isError && <Failed error={days.error} retry={() => void days.refetch()} />}
      {!days.isError && (
        <>
          <Figures days={days.data} which={which} now={now} />
          <Paper withBorder p="sm">
            {days.data ? <DailyChart lines={days.data.items} range={range} /> : <Skeleton height={220} />}
          </Paper>
        </>
      )}
      <Tabs value={by} onChange={(by) => change({ by: by ?? undefined })} keepMounted={false}>
        <Tabs.List mb="xs">
          {TABS.map(({ by, label }) => (
            <Tabs.Tab key={by} value={by}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ by }) => (
          <Tabs.Panel key={by} value={by}>
            <Lines by={by} which={which} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
