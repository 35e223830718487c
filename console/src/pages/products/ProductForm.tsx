import { Select, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { answered, api, type Schemas } from "../../api/client";
import { products } from "../../api/queries";
import { atLeast } from "../../frame/useScope";
import { fieldError, FormModal } from "../../parts/FormModal";
import { said } from "../../parts/notify";

/** Makes a product and opens its scope, or changes what one is called. */
export function ProductForm({
  product,
  orgs,
  onClose,
}: {
  /** The product to change; none makes a new one. */
  product?: Schemas["ProductRecord"];
  orgs: Schemas["OrganisationRecord"][];
  onClose: () => void;
}) {
  const [name, setName] = useState(product?.name ?? "");
  const [description, setDescription] = useState(product?.description ?? "");
  const [org, setOrg] = useState<string | null>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const mayHold = orgs.filter(({ role }) => atLeast(role, "developer"));

  const save = async () => {
    const body = { product: { name, description } };
    const saved = product
      ? await answered(api.PUT("/v1/products/{product}", { params: of(product.id), body }))
      : await made(org, body);
    await queries.invalidateQueries({ queryKey: products.queryKey });
    said(product ? `${saved.product.name} is saved` : `${saved.product.name} is made and open`);
    if (!product) void navigate({ to: `/product-${saved.product.id}/integrations` });
  };

  return (
    <FormModal
      title={product ? `Change ${product.name}` : "New product"}
      action={product ? "Save" : "Make product"}
      ready={name.trim() !== ""}
      act={save}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextInput
            label="Name"
            required
            data-autofocus
            value={name}
            error={fieldError(error, "name")}
            onChange={(change) => setName(change.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            maxRows={8}
            value={description}
            error={fieldError(error, "description")}
            onChange={(change) => setDescription(change.currentTarget.value)}
          />
          {!product && mayHold.length > 0 && (
            <Select
              label="Organisation"
              description="Its team can then work on the product too."
              placeholder="None: only mine"
              clearable
              data={mayHold.map(({ id, name }) => ({ value: id, label: name }))}
              value={org}
              onChange={setOrg}
            />
          )}
        </>
      )}
    </FormModal>
  );
}

const of = (product: number) => ({ path: { product: String(product) } });

function made(org: string | null, body: Schemas["ProductRequest"]) {
  if (org === null) return answered(api.POST("/v1/user/products", { body }));
  return answered(api.POST("/v1/orgs/{org}/products", { params: { path: { org } }, body }));
}
