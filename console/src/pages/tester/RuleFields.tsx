import { ActionIcon, Autocomplete, Fieldset, Group, NumberInput, Text, TextInput } from "@mantine/core";
import { IconArrowUp, IconTrash } from "@tabler/icons-react";

import { described, type Rule, whenDescribed } from "./answer";
import { AnswerFields } from "./AnswerFields";
import classes from "./AnswerPanel.module.css";

/** An exception: which requests it is for, and how they are answered. */
export function RuleFields({
  number,
  rule: { when, answer },
  change,
  remove,
  raise,
  wrong,
}: {
  number: number;
  rule: Rule;
  change: (rule: Rule) => void;
  remove: () => void;
  /** Puts it before the rule that it follows; none for the first. */
  raise: (() => void) | undefined;
  wrong: (field: string) => string | undefined;
}) {
  const of = (more: Partial<Rule["when"]>) => change({ when: { ...when, ...more }, answer });
  return (
    <Fieldset legend={`Rule ${number}`} p="sm">
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Text size="sm" c={wrong("when") ? "red" : "dimmed"} style={{ overflowWrap: "anywhere" }}>
          {wrong("when") ?? `${whenDescribed(when) || "no request: give a condition"}: ${described(answer)}`}
        </Text>
        <Group gap={2} wrap="nowrap">
          {raise && (
            <ActionIcon variant="subtle" color="gray" aria-label={`Move rule ${number} up`} onClick={raise}>
              <IconArrowUp size={16} />
            </ActionIcon>
          )}
          <ActionIcon variant="subtle" color="gray" aria-label={`Remove rule ${number}`} onClick={remove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      </Group>
      <div className={classes.fields}>
        <NumberInput
          label="Every n-th request"
          placeholder="Any"
          min={1}
          clampBehavior="none"
          allowDecimal={false}
          value={when.every ?? ""}
          error={wrong("when.every")}
          onChange={(every) => of({ every: every === "" ? null : Number(every) })}
        />
        <Autocomplete
          label="Method"
          placeholder="Any"
          data={["GET", "POST", "PUT", "PATCH", "DELETE"]}
          value={when.method ?? ""}
          onChange={(method) => of({ method: method || null })}
        />
        <TextInput
          label="Path or query contains"
          value={when.path ?? ""}
          onChange={({ currentTarget }) => of({ path: currentTarget.value || null })}
        />
        <TextInput
          label="Body contains"
          value={when.body ?? ""}
          onChange={({ currentTarget }) => of({ body: currentTarget.value || null })}
        />
        <TextInput
          label="Has the header"
          placeholder="Name"
          value={when.header?.name ?? ""}
          onChange={({ currentTarget }) =>
            of({ header: currentTarget.value === "" ? null : { ...when.header, name: currentTarget.value } })
          }
        />
        <TextInput
          label="whose value contains"
          disabled={!when.header}
          value={when.header?.contains ?? ""}
          onChange={({ currentTarget }) =>
            of({ header: when.header && { ...when.header, contains: currentTarget.value || null } })
          }
        />
      </div>
      <Text size="sm" fw={500} mt="sm" mb="xs">
        is answered with
      </Text>
      <AnswerFields
        answer={answer}
        change={(more) => change({ when, answer: { ...answer, ...more } })}
        wrong={(field) => wrong(`answer.${field}`)}
      />
    </Fieldset>
  );
}
