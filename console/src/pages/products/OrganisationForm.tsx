import { TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answered, api } from "../../api/client";
import { organisations } from "../../api/queries";
import { fieldError, FormModal } from "../../parts/FormModal";
import { said } from "../../parts/notify";

/** Makes an organisation. */
export function OrganisationForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const make = async () => {
    const { organization } = await answered(api.POST("/fieldhook/v1/organisations", { body: { name } }));
    await queries.invalidateQueries({ queryKey: organisations.queryKey });
    said(`${organization.name} is made`);
  };
  return (
    <FormModal
      title="New organisation"
      action="Make organisation"
      ready={name.trim() !== ""}
      act={make}
      onClose={onClose}
    >
      {(error) => (
        <TextInput
          label="Name"
          description="Several products under one team, with integrations that serve more than one of them."
          required
          data-autofocus
          value={name}
          error={fieldError(error, "name")}
          onChange={(change) => setName(change.currentTarget.value)}
        />
      )}
    </FormModal>
  );
}
