import { Anchor, Text } from "@mantine/core";

import type { Schemas } from "../../../api/client";
import type { IntegrationStory } from "../../../api/shapes";
import type { Fact } from "../../../api/troubleshooting";
import { slugOfApi } from "../../../api/scope";
import { Way } from "../../../parts/Way";
import { Words } from "../../../parts/Words";
import classes from "./Problems.module.css";

/** A fact, the values it speaks of, and where each reader can look for themselves. */
export function Proof({ fact, of, quiet = false }: { fact: Fact; of: IntegrationStory; quiet?: boolean }) {
  return (
    <div className={quiet ? undefined : classes["proof"]}>
      <Text size="sm" c={quiet ? "dimmed" : undefined} component="div">
        <Words of={fact.words} />{" "}
        <Text span size="xs" c="dimmed">
          {fact.read_in.map((source, at) => (
            <span key={JSON.stringify(source)}>
              {at === 0 ? "Read in " : ", "}
              <Place source={source} of={of} />
            </span>
          ))}
        </Text>
      </Text>
      {fact.values && fact.values.length > 0 && (
        <dl className={classes["values"]}>
          {fact.values.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function Place({ source, of }: { source: Schemas["FactSource"]; of: IntegrationStory }) {
  const slug = slugOfApi(of.scope);
  switch (source.kind) {
    case "attempt":
      return <Way to={`/${slug}/attempts/${source.id}`}>this attempt</Way>;
    case "event":
      return <Way to={`/${slug}/events/${source.id}`}>this event</Way>;
    case "revision":
      return (
        <Way to={`/${slug}/integrations/${source.integration}`} asked={{ info: "revisions" }} hash="info">
          revision {source.revision}
        </Way>
      );
    case "integration":
      if (source.id === of.id) return "this integration";
      return <Way to={`/${slug}/integrations/${source.id}`}>another integration</Way>;
    case "gate":
      return (
        <Way to={`/${slug}/integrations/${of.id}`} hash="destination">
          the gate of {source.origin}
        </Way>
      );
    case "counters":
      return "what is counted";
    case "secret":
      return (
        <Way to={`/${slug}/settings`} asked={{ tab: "secrets" }}>
          secret {source.name}
        </Way>
      );
    case "health":
      return (
        <Anchor href="/status" target="_blank" size="xs">
          the server’s health
        </Anchor>
      );
  }
}
