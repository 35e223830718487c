import { Autocomplete, PasswordInput } from "@mantine/core";
import { useState } from "react";

import { fieldError, FormModal } from "../../../parts/FormModal";
import { useDraft } from "../draft";
import { keepSecret } from "../secrets";

/** Adds a secret to the scope, and exposes it to the webhook. */
export function NewSecret({
  missing,
  onAdded,
  onClose,
}: {
  /** Names that the webhook uses and that have no value yet. */
  missing: string[];
  onAdded: (name: string) => void;
  onClose: () => void;
}) {
  const { apiScope } = useDraft();
  const [name, setName] = useState(missing[0] ?? "");
  const [value, setValue] = useState("");
  return (
    <FormModal
      title="New secret"
      action="Keep it"
      ready={name !== "" && value !== ""}
      act={() => keepSecret(apiScope, name, value)}
      done={() => {
        onAdded(name);
        onClose();
      }}
      onClose={onClose}
    >
      {(error) => (
        <>
          <Autocomplete
            label="Name"
            description="Letters, digits, _ and -; in the template it is {{{NAME}}}."
            data={missing}
            required
            data-autofocus
            value={name}
            error={fieldError(error, "name")}
            onChange={setName}
          />
          <PasswordInput
            label="Value"
            autoComplete="new-password"
            required
            value={value}
            error={fieldError(error, "value")}
            onChange={({ currentTarget }) => setValue(currentTarget.value)}
          />
        </>
      )}
    </FormModal>
  );
}
