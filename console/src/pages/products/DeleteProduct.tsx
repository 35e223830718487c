import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { holdings } from "./holdings";
import { answered, api, type Schemas } from "../../api/client";
import { products } from "../../api/queries";
import { useScope } from "../../frame/useScope";
import { Confirm } from "../../parts/Confirm";
import { said } from "../../parts/notify";

/** Asks before a product goes, and says what goes with it. */
export function DeleteProduct({
  product,
  onClose,
}: {
  product: Schemas["ProductRecord"];
  onClose: () => void;
}) {
  const { data: counts } = useQuery(holdings);
  const { slug } = useScope();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const integrations = counts?.get(`product:${product.id}`);

  const remove = async () => {
    await answered(
      api.DELETE("/v1/products/{product}", { params: { path: { product: String(product.id) } } }),
    );
    // Whoever stands in the product's scope would be left without ground.
    if (slug === `product-${product.id}`) await navigate({ to: "/$scope/products", params: { scope: "me" } });
    await queries.invalidateQueries({ queryKey: products.queryKey });
    said(`${product.name} is deleted`);
  };

  return (
    <Confirm
      title={`Delete ${product.name}?`}
      action="Delete product"
      typed={product.name}
      act={remove}
      onClose={onClose}
    >
      {integrations === undefined
        ? "Its integrations are deleted with it."
        : `Its integrations (${integrations}) are deleted with it.`}{" "}
      Its devices ({product.device_count}) stay with whoever has claimed them. This cannot be undone.
    </Confirm>
  );
}
