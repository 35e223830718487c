import { Alert, Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { call, explained, type Schemas } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { attempt, pathOf } from "../../api/integrations";
import { AttemptView } from "../../parts/attempt/AttemptView";
import { Outcome } from "../../parts/Outcome";
import { nameOf } from "../../parts/standing";
import { eventName } from "./firmware";

/** Sends an event made up for the purpose, and shows the attempt. */
export function TestModal({ of, onClose }: { of: IntegrationStory; onClose: () => void }) {
  const [event, setEvent] = useState(eventName(of.event));
  const [data, setData] = useState("test-event");
  const [device, setDevice] = useState("");
  const queries = useQueryClient();
  const {
    mutate,
    data: tried,
    error,
    isPending,
  } = useMutation({
    mutationFn: async () => {
      const sent = { event, data, ...(device.trim() && { device: device.trim() }) };
      const { attempt: made } = await call<{ attempt: { id: string } }>(
        "POST",
        `${pathOf(of.id, of.scope)}/test`,
        sent,
      );
      return queries.fetchQuery({ ...attempt(made.id), retry: 5, retryDelay: 200 });
    },
  });
  const send = (submit: FormEvent) => {
    submit.preventDefault();
    mutate();
  };
  return (
    <Modal opened onClose={onClose} size={960} title={`Test ${nameOf(of)}`}>
      <Stack>
        <form onSubmit={send}>
          <Stack gap="sm">
            <Group grow align="flex-start" preventGrowOverflow={false}>
              <TextInput
                label="Event name"
                value={event}
                required
                onChange={({ currentTarget }) => setEvent(currentTarget.value)}
                data-autofocus
              />
              <TextInput
                label="Device"
                placeholder="None: published by you"
                value={device}
                onChange={({ currentTarget }) => setDevice(currentTarget.value)}
              />
            </Group>
            <Textarea
              label="Data"
              autosize
              minRows={2}
              maxRows={8}
              value={data}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
              onChange={({ currentTarget }) => setData(currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button type="submit" loading={isPending}>
                {tried ? "Send again" : "Send"}
              </Button>
            </Group>
          </Stack>
        </form>
        {error && (
          <Alert color="red" variant="light" title="The test was not sent" role="alert">
            {explained(error)}
          </Alert>
        )}
        {tried && <Tried of={tried} />}
      </Stack>
    </Modal>
  );
}

function Tried({ of }: { of: Schemas["Attempt"] }) {
  return (
    <Stack gap="xs" role="status">
      <Group gap="xs">
        <Outcome outcome={of.outcome} code={of.code} status={of.status} />
        <span>in {of.duration_ms} ms. A test is logged; it counts in no number.</span>
      </Group>
      <AttemptView of={of} level={3} />
    </Stack>
  );
}
