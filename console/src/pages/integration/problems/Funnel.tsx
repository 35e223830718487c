import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { funnel } from "../../../api/troubleshooting";
import { count, counted } from "../../../parts/numbers";
import { Time } from "../../../parts/Time";
import { Words } from "../../../parts/Words";
import classes from "./Problems.module.css";

const STEPS = [
  ["published", "Published"],
  ["received", "Received in this scope"],
  ["matched", "Matched"],
  ["attempted", "Attempted"],
  ["succeeded", "Answered 2xx"],
] as const;

/** How far the events of the last 24 hours came, the step that loses them marked, and why it does. */
export function Funnel({ integration, slug }: { integration: string; slug: string }) {
  const { data } = useQuery(funnel(integration));
  if (!data) return null;
  const most = Math.max(1, data.published);
  return (
    <>
      <div
        className={classes["funnel"]}
        role="list"
        aria-label="How far the events of the last 24 hours came"
      >
        {STEPS.map(([key, label]) => (
          <div key={key} role="listitem" data-leak={data.leak === key || undefined}>
            <span>{label}</span>
            <span className={classes["bar"]} style={{ width: `${(100 * data[key]) / most}%` }} aria-hidden />
            <span>
              {count(data[key])}
              {data.leak === key && " ← here"}
            </span>
          </div>
        ))}
      </div>
      {data.reasons.slice(0, 5).map((reason) => (
        <Text key={reason.event} size="xs" c="dimmed">
          {counted(reason.count, "event")}: <Words of={reason.explanation} />. The newest is{" "}
          <Anchor component={Link} to={`/${slug}/events/${reason.event}`} size="xs">
            {reason.name}
          </Anchor>
          , <Time at={reason.at} />.
        </Text>
      ))}
    </>
  );
}
