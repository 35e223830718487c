import { Button, CopyButton, Group, Paper, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

import { whenDescribed, type Settings } from "./answer";
import { Block } from "./Block";
import { BodyView } from "./BodyView";
import { asCurl, type Caught, rawText, target } from "./request";
import { Answered } from "./RequestList";
import classes from "./tester.module.css";
import { bytes } from "../../parts/numbers";
import { Time } from "../../parts/Time";

/** One caught request, whole. */
export function RequestView({
  request,
  url,
  settings,
}: {
  request: Caught;
  /** The endpoint's address. */
  url: string;
  settings: Settings;
}) {
  const [raw, setRaw] = useState(false);
  const rule = request.rule == null ? undefined : settings.rules?.[request.rule - 1];
  return (
    <Stack gap="sm" component="section" aria-label={`Request ${request.number}`} style={{ minWidth: 0 }}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">
          #{request.number} · <Time at={request.at} whole /> · {request.http} · {bytes(request.body.bytes)}
        </Text>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Show as"
            data={[
              { value: "parts", label: "In parts" },
              { value: "raw", label: "Raw" },
            ]}
            value={raw ? "raw" : "parts"}
            onChange={(value) => setRaw(value === "raw")}
          />
          <CopyText label="Copy as curl" text={() => asCurl(request, url)} />
          <CopyText label="Copy raw" text={() => rawText(request, url)} />
        </Group>
      </Group>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Answered request={request} />
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          <b>{request.method}</b> {new URL(url).pathname + target(request)}
        </Text>
      </Group>
      {request.rule != null && (
        <Text size="xs" c="dimmed">
          Answered by rule {request.rule}
          {rule && `, which is now for ${whenDescribed(rule.when)}`}.
        </Text>
      )}
      {raw ? <Block label="Raw request" text={rawText(request, url)} wrapped /> : <Parts request={request} />}
    </Stack>
  );
}

function Parts({ request }: { request: Caught }) {
  const query = request.query == null ? [] : [...new URLSearchParams(request.query)];
  return (
    <>
      {query.length > 0 && <Pairs title="Query" pairs={query} />}
      <Pairs title="Headers" pairs={request.headers} />
      <BodyView key={request.number} request={request} />
    </>
  );
}

/** Names and values, in the order received: a name may come more than once. */
export function Pairs({ title, pairs }: { title: string; pairs: [string, string][] }) {
  return (
    <Paper>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <dl className={classes.pairs}>
        {pairs.map(([name, value], at) => (
          // A list that never changes its order, so its place is what names a row.
          // oxlint-disable-next-line react/no-array-index-key
          <Pair key={at} name={name} value={value} />
        ))}
      </dl>
    </Paper>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** A button that copies a text, made only when it is asked for. */
export function CopyText({ label, text }: { label: string; text: () => string }) {
  return (
    <CopyButton value={text()}>
      {({ copied, copy }) => (
        <Button
          size="xs"
          variant="default"
          leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          onClick={copy}
        >
          {label}
        </Button>
      )}
    </CopyButton>
  );
}
