import { ActionIcon, Text, TextInput, Tooltip } from "@mantine/core";
import { IconDice3 } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { answered, api, ApiError } from "../../api/client";
import { type Scope, slugOf } from "../../api/scope";
import { fieldError, FormModal } from "../../parts/FormModal";
import { said } from "../../parts/notify";

const ID = /^[0-9a-f]{24}$/;

/** Claims a device for the person, or adds one to a product. */
export function AddDevice({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const [text, setText] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const mine = scope.kind === "me";
  const id = text.trim().toLowerCase();
  async function act() {
    if (scope.kind === "product") await addToProduct(scope.id, id);
    else await answered(api.POST("/v1/devices", { body: { id } }));
    await queries.invalidateQueries({ queryKey: ["devices"] });
    said(mine ? "The device is yours" : "The device is added");
    await navigate({ to: "/$scope/devices/$device", params: { scope: slugOf(scope), device: id } });
  }
  return (
    <FormModal
      title={mine ? "Claim a device" : "Add a device"}
      action={mine ? "Claim" : "Add"}
      ready={ID.test(id)}
      act={act}
      onClose={onClose}
    >
      {(error) => (
        <>
          <Text size="sm" c="dimmed">
            {mine
              ? "An id that nobody has used makes a new device, and it is yours. One that somebody else has claimed is refused."
              : "An id that nobody has used makes a new device. It belongs to the product, and nobody has claimed it yet."}
          </Text>
          <TextInput
            label="Device id"
            description="24 hexadecimal digits"
            placeholder="0123456789abcdef01234567"
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            maxLength={40}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            value={text}
            error={
              fieldError(error, "id") ??
              (id.length >= 24 && !ID.test(id) && "These are not 24 hexadecimal digits.")
            }
            onChange={(change) => setText(change.currentTarget.value)}
            rightSection={
              <Tooltip label="Make up an id">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label="Make up an id"
                  onClick={() => setText(madeUp())}
                >
                  <IconDice3 size={18} />
                </ActionIcon>
              </Tooltip>
            }
          />
        </>
      )}
    </FormModal>
  );
}

/** The route takes many ids at once, and says of those that it did not add that they are not among its members. */
async function addToProduct(product: number, id: string): Promise<void> {
  const path = { product: String(product) };
  const added = await answered(
    api.POST("/v1/products/{product}/devices", { params: { path }, body: { id } }),
  );
  if (added.updated > 0) return;
  throw new ApiError(409, {
    field: "id",
    error_description: "The device is in another product, or somebody outside the team has claimed it.",
  });
}

function madeUp(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
