import { ActionIcon, Autocomplete, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { LIMIT } from "./answer";

type Pair = [string, string];

/** Headers that change what a webhook makes of an answer. */
const USUAL = ["Content-Type", "Retry-After", "Location", "WWW-Authenticate", "Set-Cookie", "Cache-Control"];

/** The headers of an answer, in order; a name may come more than once. */
export function HeaderFields({
  headers,
  change,
  wrong,
}: {
  headers: Pair[];
  change: (headers: Pair[]) => void;
  wrong: string | undefined;
}) {
  // Rows come and go anywhere in the list, so each has a key that stays its own.
  const [keys, setKeys] = useState<number[]>(() => headers.map((_, at) => at));
  const add = () => {
    setKeys([...keys, Math.max(-1, ...keys) + 1]);
    change([...headers, ["", ""]]);
  };
  const remove = (at: number) => {
    setKeys(keys.toSpliced(at, 1));
    change(headers.toSpliced(at, 1));
  };
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        Headers
      </Text>
      {headers.map(([name, value], at) => (
        <Group key={keys[at] ?? at} gap={6} wrap="nowrap">
          <Autocomplete
            aria-label={`Name of header ${at + 1}`}
            placeholder="Name"
            size="xs"
            w="34%"
            data={USUAL}
            value={name}
            onChange={(name) => change(headers.with(at, [name, value]))}
          />
          <TextInput
            aria-label={`Value of header ${at + 1}`}
            placeholder="Value"
            size="xs"
            style={{ flex: 1 }}
            value={value}
            onChange={({ currentTarget }) => change(headers.with(at, [name, currentTarget.value]))}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove header ${at + 1}`}
            onClick={() => remove(at)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      {wrong && (
        <Text size="xs" c="red">
          {wrong}
        </Text>
      )}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconPlus size={12} />}
        style={{ alignSelf: "flex-start" }}
        disabled={headers.length >= LIMIT.headers}
        onClick={add}
      >
        Add a header
      </Button>
    </Stack>
  );
}
