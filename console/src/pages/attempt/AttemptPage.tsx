import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { attempt, overview } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { AttemptView } from "../../parts/attempt/AttemptView";
import { TriggerChip } from "../../parts/attempt/Messages";
import { CopyId } from "../../parts/CopyId";
import { Outcome } from "../../parts/Outcome";
import { Page } from "../../parts/Page";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";
import { duration, Time } from "../../parts/Time";

/** One attempt, by itself: what a link in a message leads to. */
export default function AttemptPage() {
  const { attempt: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(attempt(id));
  if (data) return <Whole of={data} />;
  return (
    <Page title="Attempt">
      {error ? <Failed error={error} retry={() => void refetch()} /> : <Loading rows={1} height={600} />}
    </Page>
  );
}

function Whole({ of }: { of: Schemas["Attempt"] }) {
  const { data: integration } = useQuery(overview(of.integration));
  const slug = slugOfApi(of.scope);
  return (
    <Page
      title={`Attempt at ${of.event.name}`}
      above={[
        { label: "Integrations", to: `/${slug}/integrations` },
        {
          label: integration ? nameOf(integration) : "Integration",
          to: `/${slug}/integrations/${of.integration}`,
        },
      ]}
      says={
        <Group gap="xs">
          <Outcome outcome={of.outcome} code={of.code} status={of.status} />
          <TriggerChip kind={of.trigger.kind} number={of.number} />
          <span>
            <Time at={of.started_at} whole />, took {duration(of.duration_ms)}, revision {of.revision}
          </span>
          <CopyId id={of.id} label="Copy the attempt's id" />
        </Group>
      }
    >
      <AttemptView of={of} level={2} alone />
    </Page>
  );
}
