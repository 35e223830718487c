import { Badge, Button, Group, Stack, Switch, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowBackUp } from "@tabler/icons-react";

import classes from "../Builder.module.css";
import { useDraft } from "../draft";
import { withValuesOf } from "../model/fixed";
import { secretsOf } from "../model/template";
import { variablesOf } from "../model/variables";
import { useInsert } from "../Inserting";

/** Every name the template may use, with its value in the chosen event. */
export function Variables() {
  const { event, template } = useDraft();
  const insert = useInsert();
  const [all, { toggle }] = useDisclosure();
  const secrets = secretsOf(template).map((name) => ({ name, value: "a secret", origin: "secret" as const }));
  const variables = [...variablesOf(event), ...secrets];
  const shown = all
    ? variables
    : variables.filter(({ origin, name }) => origin !== "built in" || FIRST.has(name));
  return (
    <Stack gap={6} component="section" aria-label="Variables">
      <Group justify="space-between" gap="xs">
        <Text fw={600} size="sm">
          Variables
        </Text>
        <FixedValues />
      </Group>
      <div className={classes.fields}>
        {shown.map(({ name, value, origin }) => (
          <UnstyledButton key={`${origin} ${name}`} className={classes.field} onClick={() => insert(name)}>
            <Text span size="xs" ff="monospace" fw={600} className="one-line" title={name}>
              {name}
            </Text>
            <Text span size="xs" ff="monospace" c="dimmed" className="one-line" title={value}>
              {value === "" ? "(empty)" : value}
            </Text>
          </UnstyledButton>
        ))}
      </div>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          Click one to put it where you are writing.
        </Text>
        <Button size="compact-xs" variant="subtle" onClick={toggle}>
          {all ? "Fewer" : `All ${variables.length}`}
        </Button>
      </Group>
    </Stack>
  );
}

/** The built-in names that people use most. */
const FIRST = new Set([
  "PARTICLE_DEVICE_ID",
  "PARTICLE_EVENT_NAME",
  "PARTICLE_EVENT_VALUE",
  "PARTICLE_PUBLISHED_AT",
]);

/**
 * Replaces every variable by its value in the event, to see whether the template or the data is at fault, and puts
 * them back.
 */
function FixedValues() {
  const { text, template, event, fault, before, setBefore, setText } = useDraft();
  if (!before) {
    return (
      <Switch
        size="xs"
        label="Replace with static values"
        checked={false}
        // Without an event there are no values, and every variable would become empty.
        disabled={fault !== undefined || event.name === undefined}
        onChange={() => {
          const fixed = withValuesOf(template.text, event, secretsOf(template));
          setBefore({ text: template.text, fixed: fixed.text, kept: fixed.kept });
          setText(fixed.text);
        }}
      />
    );
  }
  const changed = text !== before.fixed;
  return (
    <Group gap="xs">
      {before.kept.length > 0 && (
        <Badge size="sm" variant="light" color="gray" tt="none" title={before.kept.join(", ")}>
          {before.kept.length} kept
        </Badge>
      )}
      <Button
        size="compact-xs"
        color="orange"
        variant="light"
        leftSection={<IconArrowBackUp size={14} />}
        title={changed ? "What was changed since then is lost with the static values" : undefined}
        onClick={() => {
          setText(before.text);
          setBefore(undefined);
        }}
      >
        {changed ? "Put the variables back, without later changes" : "Put the variables back"}
      </Button>
    </Group>
  );
}
