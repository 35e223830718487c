import { Anchor, Badge, Group, Text as Words } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { Schemas } from "../../api/client";
import { slugOfApi } from "../../api/scope";
import { CopyId } from "../CopyId";
import { Facts } from "../Facts";
import { bytes } from "../numbers";
import { Time } from "../Time";
import { header, pretty } from "./pretty";
import { Section } from "./Section";
import { Pairs, Text } from "./Text";
import { bodyText, requestText, responseText } from "./wire";

type Attempt = Schemas["Attempt"];

/** Whether evidence is laid out for reading or shown as it went over the wire. */
export type Look = "pretty" | "raw";

/** The event that began it. */
export function EventSection({ of: { event, scope }, look }: { of: Attempt; look: Look }) {
  const slug = slugOfApi(scope);
  const device = /^[0-9a-f]{24}$/.test(event.coreid);
  if (look === "raw")
    return (
      <Section title="Event">
        <Text label="The event as JSON">{JSON.stringify(event, null, 2)}</Text>
      </Section>
    );
  return (
    <Section title="Event">
      <Facts
        of={[
          ["Name", <code key="name">{event.name}</code>],
          [
            "Publisher",
            device ? (
              <Anchor key="device" component={Link} to={`/${slug}/devices/${event.coreid}`} size="sm">
                {event.coreid}
              </Anchor>
            ) : (
              event.coreid
            ),
          ],
          ["Published", <Time key="at" at={event.published_at} whole />],
          ["Reached us by", `${event.source}, ${event.public ? "public" : "private"}, ttl ${event.ttl} s`],
          ["Firmware", event.product_version == null ? null : `version ${event.product_version}`],
          [
            "Event",
            <Group key="id" gap={8} wrap="nowrap">
              <CopyId id={event.id} short label="Copy the event's id" />
              <Anchor component={Link} to={`/${slug}/events/${event.id}`} size="sm">
                what it triggered
              </Anchor>
            </Group>,
          ],
        ]}
      />
      <Body label="Data" text={event.data ?? ""} empty="It has no data." />
    </Section>
  );
}

/** The request as it was sent, and what was filled into it. */
export function RequestSection({ of: { request, rendering }, look }: { of: Attempt; look: Look }) {
  if (!request)
    return (
      <Section title="Webhook request">
        <Words size="sm" c="dimmed">
          Nothing was sent.
        </Words>
        <Filled rendering={rendering} />
      </Section>
    );
  const aside = request.body && (
    <Words size="xs" c="dimmed">
      {bytes(request.body.bytes)} body{request.body.cut ? ", cut here" : ""}
    </Words>
  );
  return (
    <Section title="Webhook request" aside={aside}>
      {look === "raw" ? (
        <Text label="The request as sent" tall>
          {requestText(request)}
        </Text>
      ) : (
        <>
          <Words size="sm" ff="monospace" fz={13} style={{ overflowWrap: "anywhere" }}>
            <b>{request.method}</b> {request.url}
          </Words>
          <Pairs label="Headers of the request" of={request.headers} />
          {request.body && (
            <Body
              label="Body of the request"
              text={bodyText(request.body)}
              contentType={header(request.headers, "content-type")}
              empty="The body is empty."
            />
          )}
        </>
      )}
      <Filled rendering={rendering} />
    </Section>
  );
}

/** Which variables the template met, and what became of them. */
function Filled({ rendering }: { rendering: Schemas["Rendering"] }) {
  return (
    <Facts
      of={[
        ["Filled in", list(rendering.used)],
        [
          "Missing",
          list(rendering.missing) && (
            <Words
              key="missing"
              span
              size="sm"
              c="light-dark(var(--mantine-color-orange-9), var(--mantine-color-orange-3))"
            >
              {list(rendering.missing)}: empty in what was sent
            </Words>
          ),
        ],
        ["Escaped", list(rendering.escaped)],
        ["JSON", rendering.json_fault],
      ]}
    />
  );
}

function list(names: string[] | undefined): string | null {
  return names && names.length > 0 ? names.join(", ") : null;
}

/** The answer as it came. */
export function ResponseSection({ of: { response, network }, look }: { of: Attempt; look: Look }) {
  if (!response)
    return (
      <Section title="Webhook response">
        <Words size="sm" c="dimmed">
          No answer came.
        </Words>
      </Section>
    );
  const aside = (
    <Words size="xs" c="dimmed">
      {bytes(response.body.bytes)} body{response.body.cut ? ", cut here" : ""}
    </Words>
  );
  return (
    <Section title="Webhook response" aside={aside}>
      {look === "raw" ? (
        <Text label="The answer as received" tall>
          {responseText(response)}
        </Text>
      ) : (
        <>
          <Words size="sm" ff="monospace" fz={13}>
            {network.http ?? "HTTP"} <b>{response.status}</b>
          </Words>
          <Pairs label="Headers of the answer" of={response.headers} />
          <Body
            label="Body of the answer"
            text={bodyText(response.body)}
            contentType={header(response.headers, "content-type")}
            empty="The body is empty."
          />
        </>
      )}
    </Section>
  );
}

function Body({
  label,
  text,
  contentType,
  empty,
}: {
  label: string;
  text: string;
  contentType?: string;
  empty: string;
}) {
  if (text === "")
    return (
      <Words size="sm" c="dimmed">
        {empty}
      </Words>
    );
  const laidOut = pretty(text, contentType);
  if (laidOut.as === "form") return <Pairs label={label} of={laidOut.fields} />;
  return <Text label={label}>{laidOut.text}</Text>;
}

/** What made the attempt, in a word. */
export function TriggerChip({ kind, number }: { kind: string; number: number }) {
  if (kind === "event" && number === 1) return null;
  const word = kind === "retry" || kind === "event" ? `try ${number}` : kind;
  return (
    <Badge size="sm" variant="default" tt="none" fw={500}>
      {word}
    </Badge>
  );
}
