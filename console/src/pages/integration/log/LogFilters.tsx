import { Autocomplete, Button, CloseButton, Group, Pill, Popover, Stack, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconCalendar, IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import type { Asked } from "../../../frame/useAddress";
import { minute } from "../../../parts/Time";
import type { LogFilter } from "./filter";

const ENDED = [
  { group: "Status", items: ["400", "401", "403", "404", "408", "429", "500", "502", "503", "504"] },
  {
    group: "Code",
    items: [
      "ENOTFOUND",
      "EAI_AGAIN",
      "ECONNREFUSED",
      "EHOSTUNREACH",
      "ETIMEDOUT",
      "ESOCKETTIMEDOUT",
      "ECONNRESET",
      "CERT_HAS_EXPIRED",
      "SELF_SIGNED_CERT",
      "CERT_ALTNAME",
      "CERT_UNKNOWN_CA",
      "TLS_ERROR",
      "EPROTO",
      "EBLOCKED",
      "ERENDER",
      "ETOOLARGE",
    ],
  },
];

interface Asking {
  asked: Asked;
  onAsk: (changes: Asked) => void;
}

/** Narrows the log; the address holds the choice. */
export function LogFilters({ filter, asked, onAsk }: Asking & { filter: LogFilter }) {
  return (
    <Group gap="xs" mb="sm">
      <Typed name="q" label="Text in event, request or response" width={270} {...{ asked, onAsk }} />
      <Typed name="device" label="Device id" width={220} {...{ asked, onAsk }} />
      <Ended asked={asked} onAsk={onAsk} />
      <Times asked={asked} onAsk={onAsk} />
      {filter.day && (
        <Pill
          withRemoveButton
          onRemove={() => onAsk({ day: undefined })}
          removeButtonProps={{ "aria-label": "All days", "aria-hidden": false, tabIndex: 0 }}
        >
          {filter.day} UTC
        </Pill>
      )}
    </Group>
  );
}

function Typed({
  name,
  label,
  width,
  asked,
  onAsk,
}: Asking & { name: "q" | "device"; label: string; width: number }) {
  const [typed, setTyped] = useState(asked[name] ?? "");
  const tell = useDebouncedCallback((text: string) => onAsk({ [name]: text }), 250);
  const type = (text: string) => {
    setTyped(text);
    tell(text);
  };
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      size="xs"
      w={width}
      maw="100%"
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      error={name === "device" && typed !== "" && !/^[0-9a-f]{24}$/.test(typed.trim())}
      leftSection={name === "q" && <IconSearch size={14} aria-hidden />}
      rightSection={
        typed && <CloseButton size="xs" aria-label={`Clear: ${label}`} onClick={() => type("")} />
      }
    />
  );
}

function Ended({ asked, onAsk }: Asking) {
  const [typed, setTyped] = useState(asked["ended"] ?? "");
  const tell = useDebouncedCallback((ended: string) => onAsk({ ended }), 250);
  return (
    <Autocomplete
      aria-label="Status or code"
      placeholder="Status or code"
      size="xs"
      w={160}
      data={ENDED}
      clearable
      value={typed}
      onChange={(text) => {
        setTyped(text);
        tell(text);
      }}
    />
  );
}

function Times({ asked, onAsk }: Asking) {
  const { since, until } = asked;
  const label = [since && `from ${minute(since)}`, until && `to ${minute(until)}`].filter(Boolean).join(" ");
  const field = (name: "since" | "until", text: string) => (
    <TextInput
      type="datetime-local"
      size="xs"
      label={text}
      value={local(asked[name])}
      onChange={({ currentTarget: { value } }) =>
        onAsk({ [name]: value ? new Date(value).toISOString() : undefined, day: undefined })
      }
    />
  );
  const lately = (text: string, hours: number) => (
    <Button
      size="compact-xs"
      variant="default"
      onClick={() =>
        onAsk({
          since: new Date(Date.now() - hours * 3_600_000).toISOString(),
          until: undefined,
          day: undefined,
        })
      }
    >
      {text}
    </Button>
  );
  return (
    <Popover position="bottom-start" withinPortal trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconCalendar size={14} aria-hidden />}>
          {label || "Any time"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Group gap={6}>
            {lately("Last hour", 1)}
            {lately("Last 24 hours", 24)}
            {lately("Last 7 days", 168)}
          </Group>
          {field("since", "From (local time)")}
          {field("until", "To (local time)")}
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => onAsk({ since: undefined, until: undefined, day: undefined })}
          >
            Any time
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A moment as the browser's own field takes it. */
function local(at: string | undefined): string {
  if (!at || Number.isNaN(Date.parse(at))) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
