import { Button, Group, Modal, type ModalProps, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ApiError, explained } from "../api/client";

/** A small form in a window. Its fields say themselves what the server found wrong with them (`fieldError`). */
export function FormModal({
  title,
  action,
  ready = true,
  size,
  children,
  act,
  done,
  onClose,
}: {
  title: string;
  action: string;
  /** Whether enough is filled in. */
  ready?: boolean;
  size?: ModalProps["size"];
  /** The fields, given what went wrong at the last try. */
  children: (error: Error | null) => ReactNode;
  act: () => Promise<unknown>;
  /** What follows when it is done; the window closes unless said otherwise. */
  done?: () => void;
  onClose: () => void;
}) {
  const { mutate, isPending, error } = useMutation({ mutationFn: act, onSuccess: done ?? onClose });
  return (
    <Modal opened onClose={onClose} title={title} size={size}>
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          if (ready) mutate();
        }}
      >
        <Stack gap="sm">
          {children(error)}
          {error && !(error instanceof ApiError && error.field) && (
            <Text size="sm" c="red" role="alert">
              {explained(error)}
            </Text>
          )}
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isPending} disabled={!ready}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What the server found wrong with one field: its name as the API writes it, or its end (`product.name`: `name`). */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError) || error.field === undefined) return undefined;
  return error.field === field || error.field.endsWith(`.${field}`) ? error.message : undefined;
}
