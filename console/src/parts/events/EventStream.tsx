import { Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { deviceNames } from "../../api/devices";
import { apiScope, slugOf, type Scope } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { Live } from "./Live";
import { Stored } from "./Stored";
import type { Names } from "./terms";

const NO_NAMES: Names = new Map();

/** The events of a scope or of one device, as they come or as they are stored, with one filter for both. */
export function EventStream({ scope, device, height }: { scope: Scope; device?: string; height: string }) {
  const [asked, tell] = useAddress();
  const [text, setText] = useState(asked["q"] ?? "");
  const [settled] = useDebouncedValue(text, 250);
  const { data: names = NO_NAMES } = useQuery(deviceNames(scope));
  useEffect(() => tell({ q: settled.trim() }), [settled, tell]);
  const stored = asked["view"] === "stored";
  const look = { scope: apiScope(scope), slug: slugOf(scope), text: settled, device, names, height };
  return (
    <Stack gap="xs">
      <Group gap="xs" wrap="wrap">
        <TextInput
          aria-label="Filter"
          placeholder='Any text, or device:kitchen  event:climate/  data:"too warm"'
          leftSection={<IconFilter size={16} aria-hidden />}
          value={text}
          onChange={(change) => setText(change.currentTarget.value)}
          style={{ flex: "1 1 260px" }}
          type="search"
          spellCheck={false}
        />
        <SegmentedControl
          aria-label="Which events"
          value={stored ? "stored" : "live"}
          onChange={(view) => tell({ view: view === "stored" ? view : undefined })}
          data={[
            { value: "live", label: "Live" },
            { value: "stored", label: "Stored" },
          ]}
        />
      </Group>
      {stored ? <Stored {...look} /> : <Live {...look} />}
    </Stack>
  );
}
