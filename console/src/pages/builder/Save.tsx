import { Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { flushSync } from "react-dom";

import { ApiError, callWithJson, explained, type Schemas } from "../../api/client";
import { slugOf } from "../../api/scope";
import { useDraft } from "./draft";
import type { Finding } from "./model/findings";
import { check } from "./rendered";

/** Tries the template with the last matching events, asks when some would break it, saves, and opens its page. */
export function Save({ onSaved }: { onSaved: () => void }) {
  const { base, scope, integration, text, fault, trial, dirty, before, setRefused } = useDraft();
  const [doubt, setDoubt] = useState<Schemas["Checked"]>();
  const navigate = useNavigate();
  const queries = useQueryClient();

  const save = useMutation({
    mutationFn: async (sure: boolean) => {
      // The check informs; that it could not be made is no reason not to save.
      const checked = await check(trial).catch(() => undefined);
      if (checked && checked.broken_count > 0 && !sure) return { checked };
      const path = integration === undefined ? `${base}/integrations` : `${base}/integrations/${integration}`;
      const record = await callWithJson<Schemas["IntegrationRecord"]>(
        integration === undefined ? "POST" : "PUT",
        path,
        text,
      );
      return { checked, record };
    },
    onSuccess: ({ checked, record }) => {
      if (!record) {
        setDoubt(checked);
        return;
      }
      setDoubt(undefined);
      tell(checked, (record.warnings ?? []) as unknown as Finding[]);
      void queries.invalidateQueries({ queryKey: ["integrations"] });
      void queries.invalidateQueries({ queryKey: ["integration", record.id] });
      // Drawn before the page is left, so that leaving finds nothing unsaved.
      flushSync(onSaved);
      void navigate({
        to: "/$scope/integrations/$integration",
        params: { scope: slugOf(scope), integration: record.id },
      });
    },
    onError: (error) => {
      setDoubt(undefined);
      const findings = error instanceof ApiError ? error.body["findings"] : undefined;
      if (Array.isArray(findings)) setRefused(findings as Finding[]);
      notifications.show({ color: "red", title: "Not saved", message: explained(error), autoClose: 10_000 });
    },
  });

  return (
    <>
      <Button
        disabled={fault !== undefined || before !== undefined || (integration !== undefined && !dirty)}
        title={before ? "Put the variables back first: it would send the same values for ever" : undefined}
        loading={save.isPending}
        onClick={() => save.mutate(false)}
      >
        {integration === undefined ? "Create" : "Save"}
      </Button>
      <Modal
        opened={doubt !== undefined}
        onClose={() => setDoubt(undefined)}
        title="Some events break this template"
      >
        {doubt && (
          <Doubt
            checked={doubt}
            saving={save.isPending}
            onSave={() => save.mutate(true)}
            onStay={() => setDoubt(undefined)}
          />
        )}
      </Modal>
    </>
  );
}

function Doubt({
  checked,
  saving,
  onSave,
  onStay,
}: {
  checked: Schemas["Checked"];
  saving: boolean;
  onSave: () => void;
  onStay: () => void;
}) {
  return (
    <Stack>
      <Text size="sm">
        {checked.rendered} of the last {checked.events} matching events render, {checked.broken_count} do not.
        Events that do not render are not sent.
      </Text>
      <List size="sm" spacing={6} style={{ overflowWrap: "anywhere" }}>
        {checked.broken.slice(0, 3).map(({ event, findings }) => (
          <List.Item key={event.id}>
            {findings.find(({ level }) => level === "error")?.message ?? event.name}
          </List.Item>
        ))}
      </List>
      <Group justify="flex-end">
        <Button variant="default" data-autofocus onClick={onStay}>
          Go on editing
        </Button>
        <Button color="orange" loading={saving} onClick={onSave}>
          Save all the same
        </Button>
      </Group>
    </Stack>
  );
}

/** Says that it is saved, how the last events fare, and what the server has doubts about. */
function tell(checked: Schemas["Checked"] | undefined, warnings: Finding[]): void {
  notifications.show({ color: "teal", title: "Saved", message: fares(checked) });
  const doubts = warnings.filter(({ level }) => level === "warning");
  if (doubts.length === 0) return;
  notifications.show({
    color: "yellow",
    title: "Saved, and worth a look",
    message: (
      <List size="sm" style={{ overflowWrap: "anywhere" }}>
        {doubts.map(({ message }) => (
          <List.Item key={message}>{message}</List.Item>
        ))}
      </List>
    ),
    autoClose: 20_000,
  });
}

function fares(checked: Schemas["Checked"] | undefined): string {
  if (!checked) return "It could not be tried with the last events.";
  if (checked.events === 0) return "No matching event is stored yet.";
  return `${checked.rendered} of the last ${checked.events} matching events render.`;
}
