import { Group, List, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useId } from "react";

import type { IntegrationStory } from "../../../api/shapes";
import type { Card, Step } from "../../../api/troubleshooting";
import { slugOfApi } from "../../../api/scope";
import { count, counted } from "../../../parts/numbers";
import { Time } from "../../../parts/Time";
import { Way } from "../../../parts/Way";
import { Words } from "../../../parts/Words";
import { Funnel } from "./Funnel";
import { IssueMenu } from "./IssueMenu";
import classes from "./Problems.module.css";
import { Proof } from "./Proof";
import { StepButton } from "./StepButton";

/** One problem: what happened, how much, why and the fact that proves it, what to do, and what became of the events. */
export function ProblemCard({
  card,
  of,
  mayChange,
}: {
  card: Card;
  of: IntegrationStory;
  mayChange: boolean;
}) {
  const heading = useId();
  const slug = slugOfApi(of.scope);
  return (
    <article className={classes["card"]} aria-labelledby={heading} data-situation={card.situation}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" gap="xs" wrap="nowrap">
          <Group gap={8} wrap="nowrap" align="flex-start">
            <IconAlertTriangle size={20} className={classes["sign"]} aria-hidden />
            <Title order={2} size="h5" id={heading} style={{ overflowWrap: "anywhere" }}>
              {card.title}
            </Title>
          </Group>
          {card.issue && <IssueMenu id={card.issue} mayChange={mayChange} />}
        </Group>
        <div>
          <Text size="sm">
            <Words of={card.happened} />
          </Text>
          <Extent of={card} />
        </div>
        <Part name="Why">
          <Text size="sm" fw={600}>
            <Words of={card.cause.words} />
          </Text>
          <Proof fact={card.cause.fact} of={of} />
          {card.also?.map((fact) => (
            <Proof key={fact.words} fact={fact} of={of} quiet />
          ))}
          {card.situation === "nothing-fires" && <Funnel integration={of.id} slug={slug} />}
        </Part>
        {card.steps.length > 0 && (
          <Part name="What to do">
            <List type="ordered" size="sm" spacing={6} className={classes["steps"]}>
              {card.steps.map((step) => (
                <List.Item key={step.words}>
                  <Todo step={step} of={of} mayChange={mayChange} />
                </List.Item>
              ))}
            </List>
          </Part>
        )}
        <Part name="The events">
          <Text size="sm">
            <Words of={card.fate.words} />
          </Text>
        </Part>
        <Group gap="md">
          <Way to={`/${slug}/help`} hash={card.situation}>
            More about this
          </Way>
          {card.issue && card.extent.last_good && (
            <Way to={`/${slug}/compare`} asked={{ issue: card.issue }}>
              Compare the last success with the first failure
            </Way>
          )}
        </Group>
      </Stack>
    </article>
  );
}

function Part({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <section className={classes["part"]}>
      <Title order={3} className={classes["label"]}>
        {name}
      </Title>
      <Stack gap={6} style={{ minWidth: 0 }}>
        {children}
      </Stack>
    </section>
  );
}

/** `214 of 300 attempts (71 %) · 3 devices · since 09:12 · last 10:02 · last success 09:11`. */
function Extent({ of: { extent } }: { of: Card }) {
  const parts: React.ReactNode[] = [];
  if (extent.of > 0) {
    // Rounded down, so that 100 % means all.
    const percent = Math.floor((100 * Math.min(extent.count, extent.of)) / extent.of);
    parts.push(`${count(extent.count)} of ${count(extent.of)} ${extent.unit} (${percent} %)`);
  }
  if (extent.devices > 0) parts.push(counted(extent.devices, "device"));
  if (extent.since) parts.push(<>since {<Time at={extent.since} whole />}</>);
  if (extent.last && extent.last !== extent.since) parts.push(<>last {<Time at={extent.last} whole />}</>);
  if (extent.last_good) parts.push(<>last success {<Time at={extent.last_good} whole />}</>);
  return (
    <Text size="xs" c="dimmed" component="div">
      {parts.map((part, at) => (
        // The parts stand in a fixed order.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={at}>
          {at > 0 && " · "}
          {part}
        </span>
      ))}
    </Text>
  );
}

/** A step in words, the value that it proposes, and a button where one click does it. */
function Todo({ step, of, mayChange }: { step: Step; of: IntegrationStory; mayChange: boolean }) {
  const { action } = step;
  return (
    <Group gap="xs" component="span" display="inline-flex">
      <span>
        <Words of={step.words} />
      </span>
      {action?.kind === "edit-field" && <Proposal of={action} />}
      {action && <StepButton action={action} of={of} mayChange={mayChange} />}
    </Group>
  );
}

function Proposal({
  of: { field, value, line, column },
}: {
  of: { field: string; value?: string | null; line?: number | null; column?: number | null };
}) {
  if (value != null)
    return (
      <code>
        {field}: {value}
      </code>
    );
  return (
    <code>
      {field}
      {line != null && `, line ${line}`}
      {column != null && `, column ${column}`}
    </code>
  );
}
