import { Group, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";

import type { Schemas } from "../../../api/client";
import { header, pretty } from "../../../parts/attempt/pretty";
import { Pairs, Text as Block } from "../../../parts/attempt/Text";
import { bytes } from "../../../parts/numbers";

/** The request, line by line, as it would go out. */
export function RequestView({
  request,
  loading,
}: {
  request: Schemas["RenderedRequest"] | null | undefined;
  loading: boolean;
}) {
  if (loading) return <Skeleton height={230} />;
  if (!request) {
    return (
      <Text size="sm" c="dimmed">
        No request can be made; below is why.
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" ff="monospace" fz={13} style={{ wordBreak: "break-all" }}>
        <b>{request.method}</b> {request.url}
      </Text>
      <Pairs label="Headers of the request" of={request.headers} />
      {request.body == null || request.body === "" ? (
        <Text size="xs" c="dimmed">
          No body
        </Text>
      ) : (
        <Body text={request.body} contentType={header(request.headers, "content-type")} />
      )}
    </Stack>
  );
}

function Body({ text, contentType }: { text: string; contentType: string }) {
  const [tidy, setTidy] = useLocalStorage({ key: "fieldhook-preview-pretty", defaultValue: false });
  const laidOut = pretty(text, contentType);
  const size = new TextEncoder().encode(text).length;
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {bytes(size)} body
        </Text>
        {laidOut.as !== "text" && (
          <Switch
            size="xs"
            label="Pretty"
            checked={tidy}
            onChange={({ currentTarget }) => setTidy(currentTarget.checked)}
          />
        )}
      </Group>
      {tidy && laidOut.as === "form" ? (
        <Pairs label="Fields of the body" of={laidOut.fields} />
      ) : (
        <Block label="Body as it would be sent">{tidy && laidOut.as === "json" ? laidOut.text : text}</Block>
      )}
    </Stack>
  );
}
