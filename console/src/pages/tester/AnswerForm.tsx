import { Button, Group, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import { type Answer, alike, LIMIT, type Rule, type Settings } from "./answer";
import { AnswerFields } from "./AnswerFields";
import { RuleFields } from "./RuleFields";
import { ApiError, explained } from "../../api/client";

/** A rule on the form. It moves about, so it is told apart by a number of its own. */
interface Line extends Rule {
  key: number;
}

/** Every setting of an endpoint's answer, and its exceptions. */
export function AnswerForm({
  saved,
  save,
  saving,
  error,
}: {
  saved: Settings;
  save: (settings: Settings) => Promise<unknown>;
  saving: boolean;
  error: Error | null;
}) {
  const { rules: savedRules = [], ...savedAnswer } = saved;
  const [answer, setAnswer] = useState<Answer>(savedAnswer);
  const [rules, setRules] = useState<Line[]>(() => savedRules.map((rule, key) => ({ ...rule, key })));
  const settings: Settings = { ...answer, rules: rules.map(({ when, answer }) => ({ when, answer })) };
  const changed = !alike(settings, saved);
  const wrong = (field: string) =>
    error instanceof ApiError && error.field === field ? error.message : undefined;
  const nextKey = rules.reduce((most, { key }) => Math.max(most, key), -1) + 1;

  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        // What went wrong is shown below; nothing else waits for the answer.
        save(settings).catch(() => {});
      }}
    >
      <Stack gap="md">
        <AnswerFields
          answer={answer}
          change={(change) => setAnswer({ ...answer, ...change })}
          wrong={(field) => wrong(`answer.${field}`)}
        />
        {rules.map(({ key, when, answer }, at) => (
          <RuleFields
            key={key}
            number={at + 1}
            rule={{ when, answer }}
            change={(rule) => setRules(rules.with(at, { ...rule, key }))}
            remove={() => setRules(rules.toSpliced(at, 1))}
            raise={at === 0 ? undefined : () => setRules(swapped(rules, at))}
            wrong={(field) => wrong(`rules.${at}.${field}`)}
          />
        ))}
        <Group gap="xs" justify="space-between">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={rules.length >= LIMIT.rules}
            onClick={() =>
              setRules([...rules, { key: nextKey, when: { every: 2 }, answer: { status: 500 } }])
            }
          >
            Add a rule
          </Button>
          <Group gap="xs">
            {error && (
              <Text size="sm" c="red" role="alert">
                {explained(error)}
              </Text>
            )}
            <Button
              size="xs"
              variant="default"
              disabled={!changed}
              onClick={() => {
                setAnswer(savedAnswer);
                setRules(savedRules.map((rule, key) => ({ ...rule, key })));
              }}
            >
              Undo
            </Button>
            <Button size="xs" type="submit" loading={saving} disabled={!changed}>
              Answer so
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

/** The rules with one of them before the one that it followed: the first that fits wins. */
function swapped(rules: Line[], at: number): Line[] {
  const moved = rules[at];
  return moved === undefined ? rules : rules.toSpliced(at, 1).toSpliced(at - 1, 0, moved);
}
