import { Badge, Code as CodeText, Group, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { useState } from "react";

import type { Schemas } from "../../../api/client";
import { Code } from "../../../parts/Code";
import classes from "../Builder.module.css";

/** The request, line by line, as it would go out. */
export function RequestView({
  request,
  loading,
}: {
  request: Schemas["RenderedRequest"] | null | undefined;
  loading: boolean;
}) {
  const [pretty, setPretty] = useState(false);
  if (loading) return <Skeleton height={180} />;
  if (!request) {
    return (
      <Text size="sm" c="dimmed">
        Nothing would be sent: see below why.
      </Text>
    );
  }
  const laidOut = prettyJson(request.body);
  return (
    <Stack gap="xs">
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Badge variant="light" radius="sm" flex="none">
          {request.method}
        </Badge>
        <CodeText className={classes.wrap} style={{ background: "none", padding: 0 }}>
          {request.url}
        </CodeText>
      </Group>
      <Headers headers={request.headers} />
      {request.body == null || request.body === "" ? (
        <Text size="xs" c="dimmed">
          No body
        </Text>
      ) : (
        <Stack gap={4}>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              Body, {new TextEncoder().encode(request.body).length.toLocaleString("en-GB")} bytes
            </Text>
            {laidOut !== undefined && (
              <Switch
                size="xs"
                label="Pretty"
                checked={pretty}
                onChange={({ currentTarget }) => setPretty(currentTarget.checked)}
              />
            )}
          </Group>
          <Code
            label="Body as it would be sent"
            readOnly
            language={laidOut === undefined ? "text" : "json"}
            value={pretty && laidOut !== undefined ? laidOut : request.body}
            minHeight={60}
            maxHeight={260}
          />
        </Stack>
      )}
    </Stack>
  );
}

/** Header names and values. */
export function Headers({ headers }: { headers: [string, string][] }) {
  return (
    <dl className={classes.headers} style={{ margin: 0 }}>
      {headers.map(([name, value], at) => (
        // A header may come twice; its place is all that tells the two apart.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** JSON laid out in lines; absent when the text is none, or is laid out already. */
function prettyJson(text: string | null | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : undefined;
  } catch {
    return undefined;
  }
}
