import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { IconArrowsLeftRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { comparison } from "../../api/troubleshooting";
import { slugOfApi } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { Outcome } from "../../parts/Outcome";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import classes from "./Compare.module.css";

type Difference = Schemas["Difference"];

const PARTS: Record<Schemas["DifferentPart"], string> = {
  outcome: "Outcome",
  revision: "Integration",
  event: "Event",
  rendering: "Template",
  request: "Request",
  response: "Response",
  network: "Network",
  timings: "Timings",
};

/** Two attempts side by side, and only what is different: mostly a success and the failure after it. */
export default function Compare() {
  const [{ a, b, issue }] = useAddress();
  const enough = issue !== undefined || (a !== undefined && b !== undefined);
  const asked = issue === undefined ? { ...(a && { a }), ...(b && { b }) } : { issue };
  const { data, error, isPending, refetch } = useQuery({ ...comparison(asked), enabled: enough });
  return (
    <Page title="Compare" says="What is different between two attempts, part by part.">
      {!enough && (
        <Empty icon={<IconArrowsLeftRight />} title="Two attempts are needed">
          Open the problem of an integration, or an attempt in its log, and compare from there.
        </Empty>
      )}
      {enough && isPending && <Loading rows={6} height={60} />}
      {error && <Failed error={error} retry={() => void refetch()} />}
      {data && <Sides of={data} />}
    </Page>
  );
}

function Sides({ of }: { of: Schemas["Comparison"] }) {
  const parts = Object.keys(PARTS) as Schemas["DifferentPart"][];
  return (
    <Stack gap="md">
      <div className={classes["sides"]}>
        <Side name={of.issue ? "The last success" : "First"} of={of.a} />
        <Side name={of.issue ? "The first failure" : "Second"} of={of.b} />
      </div>
      {of.differences.length === 0 && <Text>They are alike in everything that is kept.</Text>}
      {parts.map((part) => (
        <Part
          key={part}
          name={PARTS[part]}
          of={of.differences.filter((difference) => difference.part === part)}
        />
      ))}
    </Stack>
  );
}

function Side({ name, of }: { name: string; of: Schemas["AttemptLine"] }) {
  return (
    <Stack gap={4} className={classes["side"]}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Group gap="xs">
        <Outcome outcome={of.outcome} code={of.code} status={of.status} />
        <Anchor component={Link} to={`/${slugOfApi(of.scope)}/attempts/${of.id}`} size="sm">
          <Time at={of.started_at} whole />
        </Anchor>
      </Group>
      <Text size="sm" className="one-line">
        {of.event_name}
      </Text>
    </Stack>
  );
}

function Part({ name, of }: { name: string; of: Difference[] }) {
  if (of.length === 0) return null;
  return (
    <section aria-label={name}>
      <Title order={2} size="h6" mb={4}>
        {name}
      </Title>
      <div className={classes["rows"]}>
        {of.map(({ name, a, b }) => (
          <div key={name} className={classes["row"]}>
            <span className={classes["name"]}>{name}</span>
            <Value of={a} />
            <Value of={b} />
          </div>
        ))}
      </div>
    </section>
  );
}

function Value({ of }: { of: string | null | undefined }) {
  if (of == null)
    return (
      <Text span size="sm" c="dimmed">
        none
      </Text>
    );
  return <code className={classes["value"]}>{of}</code>;
}
