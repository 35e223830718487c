import { Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { call } from "../../api/client";
import type { Device } from "../../api/devices";
import { base, type Scope } from "../../api/scope";
import { fieldError, FormModal } from "../../parts/FormModal";
import { said } from "../../parts/notify";

/** Renames a device and keeps notes on it. */
export function EditDevice({
  device,
  scope,
  onClose,
}: {
  device: Device;
  scope: Scope;
  onClose: () => void;
}) {
  const [name, setName] = useState(device.name ?? "");
  const [notes, setNotes] = useState(device.notes);
  const queries = useQueryClient();
  async function act() {
    await call("PUT", `${base(scope)}/devices/${device.id}`, { name: name.trim(), notes });
    await queries.invalidateQueries({ queryKey: ["devices"] });
    await queries.invalidateQueries({ queryKey: ["device", device.id] });
    said("The device is changed");
  }
  return (
    <FormModal title="Name and notes" action="Save" act={act} onClose={onClose}>
      {(error) => (
        <>
          <TextInput
            label="Name"
            data-autofocus
            value={name}
            error={fieldError(error, "name")}
            onChange={(change) => setName(change.currentTarget.value)}
          />
          <Textarea
            label="Notes"
            autosize
            minRows={3}
            maxRows={12}
            value={notes}
            error={fieldError(error, "notes")}
            onChange={(change) => setNotes(change.currentTarget.value)}
          />
        </>
      )}
    </FormModal>
  );
}
