import { Button, Collapse, Group, Paper, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconAdjustments } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { alike, described, type Settings, whenDescribed } from "./answer";
import { AnswerForm } from "./AnswerForm";
import { presets } from "./presets";
import { answerBy, endpoint as endpointQuery } from "./queries";
import classes from "./AnswerPanel.module.css";
import type { Schemas } from "../../api/client";
import { complained, said } from "../../parts/notify";

/** How the endpoint answers, in words; in one click otherwise; or set in every detail. */
export function AnswerPanel({ endpoint, may }: { endpoint: Schemas["Endpoint"]; may: boolean }) {
  const [all, setAll] = useState(false);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (settings: Settings) => answerBy(endpoint.id, settings),
    onSuccess: (saved) => queries.setQueryData(endpointQuery(endpoint.id).queryKey, saved),
  });
  const pick = (settings: Settings, label: string) =>
    save.mutate(settings, {
      onSuccess: () => said(`From now on: ${label}`),
      onError: (error) => complained("The answer stays as it was", error),
    });
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" align="flex-start">
          <Stack gap={2} style={{ minWidth: 0, flex: "1 1 240px" }}>
            <Title order={2} size="h4">
              Answer
            </Title>
            <Now settings={endpoint.answer} />
          </Stack>
          {may && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconAdjustments size={14} />}
              aria-expanded={all}
              onClick={() => setAll(!all)}
            >
              {all ? "Fewer settings" : "All settings"}
            </Button>
          )}
        </Group>
        {may && <Presets endpoint={endpoint} pick={pick} />}
        {may && (
          <Collapse expanded={all}>
            {all && (
              <AnswerForm
                key={JSON.stringify(endpoint.answer)}
                saved={endpoint.answer}
                save={(settings) => save.mutateAsync(settings).then(() => said("The answer is set"))}
                saving={save.isPending}
                error={save.error}
              />
            )}
          </Collapse>
        )}
      </Stack>
    </Paper>
  );
}

function Now({ settings }: { settings: Settings }) {
  const { rules = [], ...answer } = settings;
  return (
    <Text size="sm" component="div">
      {rules.map((rule, at) => (
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at}>
          Rule {at + 1}, {whenDescribed(rule.when)}: <b>{described(rule.answer)}</b>
        </div>
      ))}
      {rules.length > 0 ? "All else: " : "Now: "}
      <b>{described(answer)}</b>
    </Text>
  );
}

function Presets({
  endpoint,
  pick,
}: {
  endpoint: Schemas["Endpoint"];
  pick: (settings: Settings, label: string) => void;
}) {
  return (
    <div className={classes.presets}>
      {presets(endpoint.url).map(({ group, items }) => (
        <div key={group} role="group" aria-label={group} className={classes.group}>
          <Text size="xs" c="dimmed" aria-hidden className={classes.label}>
            {group}
          </Text>
          <Group gap={6}>
            {items.map(({ label, says, settings }) => {
              const on = alike(endpoint.answer, settings);
              return (
                <Tooltip key={label} label={says} multiline maw={280}>
                  <Button
                    size="compact-xs"
                    variant={on ? "filled" : "default"}
                    aria-pressed={on}
                    onClick={() => pick(settings, label)}
                  >
                    {label}
                  </Button>
                </Tooltip>
              );
            })}
          </Group>
        </div>
      ))}
    </div>
  );
}
