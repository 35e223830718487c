import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useParams } from "@tanstack/react-router";
import { useEffect } from "react";

import type { IntegrationStory } from "../../api/shapes";
import { overview } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { type Card, diagnosis } from "../../api/troubleshooting";
import { atLeast, useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";
import { Status } from "../../parts/Status";
import { Actions } from "./Actions";
import { Books } from "./Books";
import { Destination } from "./Destination";
import { Firmware } from "./Firmware";
import { Info } from "./Info";
import classes from "./Integration.module.css";
import { Logs } from "./log/Logs";
import { Month } from "./Month";
import { Operations } from "./Operations";
import { FoldedPanel, Panel } from "./Panel";
import { Problems } from "./problems/Problems";
import { Replays } from "./Replays";

/** Everything about one integration, in the order in which people look for it. */
export default function Integration() {
  const { integration: id = "" } = useParams({ strict: false });
  const { slug } = useScope();
  const { data, error, refetch } = useQuery(overview(id));
  // Waited for, as the problems stand first and would push the rest down; without them the rest is still worth showing.
  const { data: diagnosed, isPending } = useQuery(diagnosis(id));
  // A page of its own for each integration: what is open or typed belongs to one.
  if (data && !isPending) return <Whole key={id} of={data} cards={diagnosed?.cards ?? []} />;
  return (
    <Page title="Integration" above={[{ label: "Integrations", to: `/${slug}/integrations` }]}>
      {error ? <Failed error={error} retry={() => void refetch()} /> : <Loading rows={4} height={180} />}
    </Page>
  );
}

function Whole({ of, cards }: { of: IntegrationStory; cards: Card[] }) {
  const mayChange = atLeast(useScope().role, "developer");
  const { hash } = useLocation();
  // The part that a link names was not there when the link was followed.
  useEffect(() => document.getElementById(hash)?.scrollIntoView(), [hash]);
  return (
    <Page
      title={nameOf(of)}
      above={[{ label: "Integrations", to: `/${slugOfApi(of.scope)}/integrations` }]}
      says={
        <Group gap="xs">
          <Status of={of} wrap />
          <span>
            <code>{of.event}</code> → {of.host ?? "a host from the template"}
          </span>
        </Group>
      }
      actions={mayChange && <Actions of={of} />}
    >
      <Problems of={of} cards={cards} mayChange={mayChange} />
      <Info of={of} />
      <FoldedPanel id="firmware" title="Example device firmware">
        <Firmware of={of} />
      </FoldedPanel>
      <Month of={of} />
      <Panel id="log" title="Logs">
        <Logs integration={of.id} />
      </Panel>
      <div className={classes["pair"]}>
        <Books of={of} />
        <Destination of={of} mayWake={mayChange} />
      </div>
      <Replays integration={of.id} />
      <Operations of={of} />
    </Page>
  );
}
