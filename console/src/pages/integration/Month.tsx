import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";

import type { IntegrationStory } from "../../api/shapes";
import { revisions } from "../../api/integrations";
import { useAddress } from "../../frame/useAddress";
import { History } from "../../parts/History";
import { Tally } from "../../parts/Tally";
import { Panel } from "./Panel";

/** The last 30 days; a bar narrows the log to its day and outcome. */
export function Month({ of }: { of: IntegrationStory }) {
  const [, ask] = useAddress();
  const { data } = useInfiniteQuery(revisions(of.id, of.scope));
  return (
    <Panel
      id="history"
      title="History"
      aside={
        <>
          <Text size="sm" c="dimmed">
            Today (UTC)
          </Text>
          <Tally of={of.today} />
        </>
      }
    >
      <History
        days={of.days}
        today={of.today.date}
        revisions={data?.pages[0]?.items ?? []}
        onPick={(day, outcome) => {
          ask({ day, outcome, since: undefined, until: undefined });
          document.getElementById("log")?.scrollIntoView();
        }}
      />
    </Panel>
  );
}
