import { Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";

import { Block } from "./Block";
import { bytesOf, type Caught, hexDump } from "./request";
import { Pairs } from "./RequestView";
import { header, pretty } from "../../parts/attempt/pretty";
import { Code } from "../../parts/Code";
import { bytes } from "../../parts/numbers";

type Way = "pretty" | "raw" | "hex";

/** The body of a caught request: set out by its kind, as it came, or byte by byte. */
export function BodyView({ request }: { request: Caught }) {
  const { body } = request;
  const readable = pretty(body.text, header(request.headers, "content-type"));
  const plain = body.binary || readable.as === "text";
  const ways: Way[] = [
    ...(plain ? [] : ["pretty" as const]),
    ...(body.binary ? [] : ["raw" as const]),
    "hex",
  ];
  const [wanted, setWanted] = useState<Way>("pretty");
  const way = ways.includes(wanted) ? wanted : (ways[0] ?? "hex");
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Title order={3} size="h5">
          Body
        </Title>
        {body.bytes > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="Show the body"
            data={ways.map((value) => ({ value, label: LABEL[value] }))}
            value={way}
            onChange={(value) => setWanted(value as Way)}
          />
        )}
      </Group>
      {body.bytes === 0 && (
        <Text size="sm" c="dimmed">
          It had no body.
        </Text>
      )}
      {body.cut && (
        <Text size="sm" c="dimmed">
          Only the beginning is kept of {bytes(body.bytes)}.
        </Text>
      )}
      {body.bytes > 0 && way === "pretty" && readable.as === "json" && (
        <Code label="Body" value={readable.text} readOnly minHeight={60} maxHeight={480} />
      )}
      {body.bytes > 0 && way === "pretty" && readable.as === "form" && (
        <Pairs title="Form" pairs={readable.fields} />
      )}
      {body.bytes > 0 && way === "raw" && <Block label="Body" text={body.text} wrapped />}
      {body.bytes > 0 && way === "hex" && <Block label="Body in hex" text={hexDump(bytesOf(body))} />}
    </Stack>
  );
}

const LABEL: Record<Way, string> = { pretty: "Pretty", raw: "Raw", hex: "Hex" };
