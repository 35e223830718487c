import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { explained } from "../api/client";

/**
 * Asks before something that cannot be taken back. With `typed`, the button works only once that text has been
 * typed: for what takes other things along.
 */
export function Confirm({
  title,
  action,
  typed,
  children,
  act,
  onClose,
}: {
  title: string;
  /** The word on the button: what happens. */
  action: string;
  typed?: string;
  children: ReactNode;
  act: () => Promise<unknown>;
  onClose: () => void;
}) {
  const [text, setText] = useState("");
  const { mutate, isPending, error } = useMutation({ mutationFn: act, onSuccess: onClose });
  const ready = typed === undefined || text.trim() === typed;
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          if (ready) mutate();
        }}
      >
        <Stack gap="md">
          <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
            {children}
          </Text>
          {typed !== undefined && (
            <TextInput
              label={`Type “${typed}” to confirm`}
              value={text}
              onChange={(change) => setText(change.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
          )}
          {error && (
            <Text size="sm" c="red" role="alert">
              {explained(error)}
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red" loading={isPending} disabled={!ready}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
