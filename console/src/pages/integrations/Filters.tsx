import { CloseButton, Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import type { IntegrationOverview } from "../../api/shapes";
import { useAddress } from "../../frame/useAddress";

const STATES = [
  { value: "all", label: "All" },
  { value: "failing", label: "Failing" },
  { value: "asleep", label: "Asleep" },
  { value: "disabled", label: "Disabled" },
];

/** Which of the integrations are shown. The address holds the choice, so that it can be passed on. */
export function Filters({ rows }: { rows: IntegrationOverview[] }) {
  const [asked, ask] = useAddress();
  const hosts = new Set(rows.flatMap(({ host }) => host ?? []));
  if (asked["host"]) hosts.add(asked["host"]);
  return (
    <Group gap="sm">
      <TextFilter value={asked["q"] ?? ""} onChange={(q) => ask({ q })} />
      <SegmentedControl
        aria-label="State"
        size="xs"
        data={STATES}
        value={asked["state"] ?? "all"}
        onChange={(state) => ask({ state: state === "all" ? undefined : state })}
      />
      <Select
        aria-label="Host"
        placeholder="Any host"
        size="xs"
        w={230}
        clearable
        searchable
        data={[...hosts].toSorted()}
        value={asked["host"] ?? null}
        onChange={(host) => ask({ host: host ?? undefined })}
      />
    </Group>
  );
}

function TextFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback(onChange, 200);
  const type = (text: string) => {
    setTyped(text);
    tell(text);
  };
  return (
    <TextInput
      aria-label="Name, prefix or URL"
      placeholder="Name, prefix or URL"
      size="xs"
      w={230}
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={typed && <CloseButton size="xs" aria-label="Clear the text" onClick={() => type("")} />}
    />
  );
}
