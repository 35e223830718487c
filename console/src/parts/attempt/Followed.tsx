import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { delivery as deliveryQuery } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { Facts } from "../Facts";
import { bytes, count, percent } from "../numbers";
import { Outcome } from "../Outcome";
import { duration, Time } from "../Time";
import { byTopic } from "./followed";
import { Section } from "./Section";

type Attempt = Schemas["Attempt"];

/** What the attempt led to: reply events, the other tries, and the next one or the verdict. */
export function FollowedSection({ of }: { of: Attempt }) {
  const replies = byTopic(of.followed_by);
  return (
    <Section title="What followed">
      {replies.length > 0 ? (
        <Table.ScrollContainer
          minWidth={420}
          type="native"
          tabIndex={0}
          role="region"
          aria-label="What followed"
        >
          <Table verticalSpacing={4} fz="sm" layout="fixed">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Reply event</Table.Th>
                <Table.Th w={64} ta="right">
                  Parts
                </Table.Th>
                <Table.Th w={84} ta="right">
                  Size
                </Table.Th>
                <Table.Th w={84} ta="right">
                  Listeners
                </Table.Th>
                <Table.Th w={92} ta="right">
                  Operations
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {replies.map((reply) => (
                <Table.Tr key={reply.topic}>
                  <Table.Td className="one-line" title={reply.topic} ff="monospace" fz={13}>
                    {reply.topic}
                  </Table.Td>
                  <Table.Td ta="right">{count(reply.parts.length)}</Table.Td>
                  <Table.Td ta="right">{bytes(reply.bytes)}</Table.Td>
                  <Table.Td ta="right">{count(reply.listeners)}</Table.Td>
                  <Table.Td ta="right">{count(reply.operations)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : (
        <Text size="sm" c="dimmed">
          No reply event was published.
        </Text>
      )}
      <Facts
        of={[
          ["Next", <Next key="next" of={of} />],
          ["Gate", of.gate && gateWords(of.gate)],
        ]}
      />
      <Tries of={of} />
    </Section>
  );
}

function Next({ of: { next } }: { of: Attempt }) {
  if (next.try_at)
    return (
      <>
        another try at <Time at={next.try_at} whole />
      </>
    );
  return <>none: the delivery is {next.verdict ?? "settled"}</>;
}

function gateWords(gate: Schemas["GateEvidence"]): string {
  const before = `${gate.accepts_before} of ${gate.attempts_before} accepted before`;
  const skipping = `skipping ${percent(gate.probability_before)} → ${percent(gate.probability_after)}`;
  return `${gate.counted ? "counted" : "not counted"}; ${before}, ${skipping}`;
}

/** The tries of the delivery, when there are more than this one. */
function Tries({ of }: { of: Attempt }) {
  const { data } = useQuery({
    ...deliveryQuery(of.delivery, of.integration),
    enabled: of.number > 1 || Boolean(of.next.try_at),
  });
  if (!data || data.attempts.length < 2) return null;
  return (
    <Table verticalSpacing={4} fz="sm" layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={44}>Try</Table.Th>
          <Table.Th w={150}>Began</Table.Th>
          <Table.Th>How it ended</Table.Th>
          <Table.Th w={80} ta="right">
            Took
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {data.attempts.map((line) => (
          <Table.Tr key={line.id}>
            <Table.Td>{line.number}</Table.Td>
            <Table.Td>
              {line.id === of.id ? (
                <b>this one</b>
              ) : (
                <Anchor component={Link} to={`/${slugOfApi(of.scope)}/attempts/${line.id}`} size="sm">
                  <Time at={line.started_at} whole />
                </Anchor>
              )}
            </Table.Td>
            <Table.Td>
              <Outcome outcome={line.outcome} code={line.code} status={line.status} />
            </Table.Td>
            <Table.Td ta="right">{duration(line.duration_ms)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
