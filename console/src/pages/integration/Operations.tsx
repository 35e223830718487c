import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { answered, api, call, type Schemas } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { attempt } from "../../api/integrations";
import { Facts } from "../../parts/Facts";
import { bytes, count, counted } from "../../parts/numbers";
import { Failed, Loading } from "../../parts/State";
import { type Answers, answersOf, perTrigger } from "./operations";
import { Panel } from "./Panel";

/** How many of the newest answers are looked at. */
const LOOKED_AT = 10;

/** What comes back, who hears it, and what that costs. */
export function Operations({ of }: { of: IntegrationStory }) {
  const usage = useQuery({
    queryKey: ["integration", of.id, "usage"],
    staleTime: 30_000,
    queryFn: () => usageOf(of),
  });
  const answers = useAnswers(of.id);
  const error = usage.error ?? answers.error;
  if (error)
    return (
      <Panel id="operations" title="Responses and operations">
        <Failed
          error={error}
          retry={() => {
            void usage.refetch();
            void answers.refetch();
          }}
        />
      </Panel>
    );
  const each = usage.data && perTrigger(usage.data);
  return (
    <Panel id="operations" title="Responses and operations">
      {(usage.isPending || answers.isPending) && <Loading rows={1} height={120} />}
      {each != null && each > 1 && <TooMany each={each} answers={answers.data ?? null} />}
      {usage.data && (
        <Facts
          of={[
            ["This month", `${count(usage.data.triggers)} publishes fired it`],
            ["Received", `${counted(usage.data.received, "operation")} for replies`],
            ["Per publish", each == null ? null : `${each.toFixed(each < 10 ? 2 : 0)} operations`],
          ]}
        />
      )}
      {answers.data && <Sizes of={answers.data} />}
      {answers.data === null && (
        <Text size="sm" c="dimmed">
          There is no answer in the log yet.
        </Text>
      )}
    </Panel>
  );
}

function Sizes({ of }: { of: Answers }) {
  return (
    <Facts
      of={[
        ["Answers", `${bytes(of.bytes.median)}, at most ${bytes(of.bytes.most)} (last ${of.attempts})`],
        ["Reply parts", `${of.parts.median}, at most ${of.parts.most}`],
        ["Listeners", of.listeners === 0 ? "nobody listens for the replies" : count(of.listeners)],
      ]}
    />
  );
}

function TooMany({ each, answers }: { each: number; answers: Answers | null }) {
  const why = [
    answers?.html && "The answer is a web page, which no device can read.",
    answers && answers.parts.median > 1 && `The answer goes out in ${answers.parts.median} parts.`,
    answers && answers.listeners > 1 && `${answers.listeners} listen for each.`,
  ];
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconAlertTriangle />}
      title={`${each.toFixed(1)} operations for each publish`}
      role="note"
    >
      <Text size="sm">
        {why.filter(Boolean).join(" ")} A response template sends only the fields that matter; the
        device&apos;s id in the response topic lets only that device hear it; an empty response topic sends
        nothing.
      </Text>
    </Alert>
  );
}

async function usageOf({ id, scope }: IntegrationStory): Promise<Schemas["UsageLine"]> {
  for (let cursor: string | undefined; ;) {
    const query = { by: "integration" as const, scope, limit: 1_000, ...(cursor && { cursor }) };
    const { items, next } = await answered(api.GET("/fieldhook/v1/usage", { params: { query } }));
    const found = items.find(({ key }) => key === id);
    if (found) return found;
    if (!next) return { key: id, operations: 0, publishes: 0, received: 0, triggers: 0 };
    cursor = next;
  }
}

/** Looks into the newest successes. Not with every attempt that comes: what answers are like changes slowly. */
function useAnswers(integration: string) {
  const queries = useQueryClient();
  return useQuery({
    queryKey: ["answers", integration],
    staleTime: 60_000,
    queryFn: async () => {
      const { items } = await call<{ items: Schemas["AttemptLine"][] }>(
        "GET",
        `/fieldhook/v1/attempts?integration=${integration}&outcome=success&limit=${LOOKED_AT}`,
      );
      return answersOf(await Promise.all(items.map(({ id }) => queries.ensureQueryData(attempt(id)))));
    },
  });
}
