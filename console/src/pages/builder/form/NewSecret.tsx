import { Autocomplete, Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError, explained } from "../../../api/client";
import { useDraft } from "../draft";
import { keepSecret } from "../secrets";

/** Adds a secret to the scope, and exposes it to the webhook. */
export function NewSecret({
  opened,
  onClose,
  missing,
  onAdded,
}: {
  opened: boolean;
  onClose: () => void;
  /** Names that the webhook uses and that have no value yet. */
  missing: string[];
  onAdded: (name: string) => void;
}) {
  const { apiScope } = useDraft();
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const keep = useMutation({
    mutationFn: () => keepSecret(apiScope, name, value),
    onSuccess: () => {
      onAdded(name);
      setName("");
      setValue("");
      onClose();
    },
  });
  const field = keep.error instanceof ApiError ? keep.error.field : undefined;
  return (
    <Modal opened={opened} onClose={onClose} title="New secret">
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          submit.stopPropagation();
          keep.mutate();
        }}
      >
        <Stack>
          <Autocomplete
            label="Name"
            description="Letters, digits, _ and -; in the template it is {{{NAME}}}."
            data={missing}
            required
            data-autofocus
            value={name}
            error={field === "name" ? explained(keep.error) : undefined}
            onChange={setName}
          />
          <PasswordInput
            label="Value"
            autoComplete="new-password"
            required
            value={value}
            error={field === "value" ? explained(keep.error) : undefined}
            onChange={({ currentTarget }) => setValue(currentTarget.value)}
          />
          {keep.error && field === undefined && (
            <Text size="sm" c="red" role="alert">
              {explained(keep.error)}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={keep.isPending}>
              Keep it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
