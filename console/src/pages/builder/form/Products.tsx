import { MultiSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { call, type Schemas } from "../../../api/client";
import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { anyOf, setAny } from "../model/template";
import { Section } from "./fields";

/** The products of the organisation whose devices fire the webhook. */
export function Products() {
  const { base, template, findings, edit } = useDraft();
  const products = useQuery({
    queryKey: ["products", base],
    queryFn: () => call<{ products: Schemas["ProductRecord"][] }>("GET", `${base}/products`),
  });
  const listed = anyOf(template, "products");
  const chosen = (Array.isArray(listed) ? listed : listed === undefined ? [] : [listed]).map(String);
  const known = products.data?.products.map(({ id, name }) => ({ value: String(id), label: name })) ?? [];
  const unknown = chosen.filter((id) => !known.some(({ value }) => value === id));
  return (
    <Section title="Products">
      <MultiSelect
        label="Fires for the devices of"
        placeholder={chosen.length === 0 ? "No product yet: it fires for no device" : undefined}
        data={[...known, ...unknown.map((id) => ({ value: id, label: id }))]}
        value={chosen}
        error={
          errorOf(findings, "products") ?? (products.isError ? "The products could not be loaded" : undefined)
        }
        onChange={(ids) =>
          edit((template) => setAny(template, "products", ids.length > 0 ? ids.map(Number) : undefined))
        }
      />
    </Section>
  );
}
