import { Anchor, Badge, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { delivery as deliveryQuery } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { counted } from "../numbers";
import { Outcome } from "../Outcome";
import { duration, Time } from "../Time";
import { Verdict } from "../Verdict";
import { nearMiss, verdictOf } from "./reasons";
import classes from "./Story.module.css";

type Line = Schemas["TraceLine"];
type Delivery = Schemas["Delivery"];

/** One integration: what became of the event there, or why it did not fire. */
export function TraceRow({ line, delivery }: { line?: Line; delivery?: Delivery }) {
  const scope = line?.scope ?? delivery?.scope ?? "";
  const integration = line?.integration ?? delivery?.integration ?? "";
  return (
    <div className={classes["row"]} role="listitem">
      <Group gap="xs" wrap="nowrap" className={classes["verdict"]}>
        {delivery ? <Verdict of={delivery.verdict} /> : line && <Reason line={line} />}
      </Group>
      <div className={classes["what"]}>
        <Group gap={8} wrap="wrap">
          <Anchor component={Link} to={`/${slugOfApi(scope)}/integrations/${integration}`} size="sm" fw={500}>
            {line?.name ?? line?.prefix ?? integration}
          </Anchor>
          {line && (
            <Text size="xs" c="dimmed" ff="monospace">
              {line.prefix}…
            </Text>
          )}
        </Group>
        {delivery ? (
          <Became of={delivery} />
        ) : (
          <Text size="sm" c="dimmed">
            {line?.explanation}
          </Text>
        )}
      </div>
    </div>
  );
}

function Reason({ line }: { line: Line }) {
  const color = nearMiss(line) ? "yellow" : line.reason === "fired" ? "blue" : "gray";
  return (
    <Badge color={color} variant="light" tt="none" fw={500}>
      {verdictOf(line)}
    </Badge>
  );
}

/** The delivery and its attempts, each a link. */
function Became({ of }: { of: Delivery }) {
  const { data } = useQuery(deliveryQuery(of.id, of.integration));
  const slug = slugOfApi(of.scope);
  return (
    <div className={classes["attempts"]}>
      <Anchor component={Link} to={`/${slug}/deliveries/${of.id}`} size="sm">
        Delivery
      </Anchor>
      <Text size="sm" c="dimmed" span>
        {of.reason ?? counted(of.attempt_count, "attempt")}
      </Text>
      {data?.attempts.slice(0, 5).map((attempt) => (
        <Anchor
          key={attempt.id}
          component={Link}
          to={`/${slug}/attempts/${attempt.id}`}
          size="sm"
          className={classes["attempt"]}
        >
          <Outcome outcome={attempt.outcome} code={attempt.code} status={attempt.status} /> no.{" "}
          {attempt.number}, {duration(attempt.duration_ms)}
        </Anchor>
      ))}
      {of.next_at && (
        <Text size="sm" c="dimmed" span>
          next try <Time at={of.next_at} />
        </Text>
      )}
    </div>
  );
}
