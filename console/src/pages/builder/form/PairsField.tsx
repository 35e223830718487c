import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { type Pair, writePairs } from "../model/pairs";
import { isOdd, pairs, type PairsKey, setPairs } from "../model/template";
import { MASK, MASK_HINT } from "./fields";

const NONE: Pair = { name: "", value: "" };

/** Rows of names and values. A row not yet filled in lives here alone; the template has what has been typed. */
export function PairsField({
  of,
  name,
  value,
  add,
  keepEmpty = false,
}: {
  of: PairsKey;
  /** What to call the two columns, and the button that adds a row. */
  name: string;
  value: string;
  add: string;
  /** Whether the key stays when there are no rows. */
  keepEmpty?: boolean;
}) {
  const { template, findings, edit } = useDraft();
  const written = pairs(template, of);
  const [rows, setRows] = useState(written);
  if (writePairs(rows) !== writePairs(written)) setRows(written);
  if (isOdd(template, of)) {
    return (
      <Text size="sm" c="dimmed">
        `{of}` holds something this form cannot show: change it in the custom template.
      </Text>
    );
  }
  const change = (rows: Pair[]) => {
    setRows(rows);
    edit((template) => setPairs(template, of, rows, keepEmpty));
  };
  return (
    <Stack gap={6}>
      {rows.map((row, at) => (
        <Row
          // Rows have no identity but their place: a name may be any, and twice.
          // oxlint-disable-next-line react/no-array-index-key
          key={at}
          row={row}
          labels={[`${name} ${at + 1}`, `${value} ${at + 1}`]}
          placeholders={[name, value]}
          error={row.name === "" ? undefined : errorOf(findings, `${of}.${row.name}`)}
          onChange={(row) => change(rows.with(at, row))}
          onRemove={() => change(rows.toSpliced(at, 1))}
        />
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} />}
        style={{ alignSelf: "flex-start" }}
        onClick={() => setRows([...rows, NONE])}
      >
        {add}
      </Button>
    </Stack>
  );
}

function Row({
  row,
  labels,
  placeholders,
  error,
  onChange,
  onRemove,
}: {
  row: Pair;
  labels: [string, string];
  placeholders: [string, string];
  error: string | undefined;
  onChange: (row: Pair) => void;
  onRemove: () => void;
}) {
  return (
    <Stack gap={2}>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <TextInput
          size="sm"
          flex="2 1 0"
          miw={0}
          aria-label={labels[0]}
          placeholder={placeholders[0]}
          value={row.name}
          error={error !== undefined}
          onChange={({ currentTarget }) => onChange({ ...row, name: currentTarget.value })}
        />
        <TextInput
          size="sm"
          flex="3 1 0"
          miw={0}
          aria-label={labels[1]}
          placeholder={placeholders[1]}
          value={row.value}
          error={error !== undefined}
          onChange={({ currentTarget }) => onChange({ name: row.name, value: currentTarget.value })}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={`Remove ${labels[0]}`}
          onClick={onRemove}
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      {(error !== undefined || row.value === MASK) && (
        <Text size="xs" c={error === undefined ? "dimmed" : "var(--mantine-color-error)"}>
          {error ?? MASK_HINT}
        </Text>
      )}
    </Stack>
  );
}
