import type { Schemas } from "../api/client";
import { slugOfApi } from "../api/scope";

/** Where a thing that was found is shown. */
export function pathOf({ kind, id, scope }: Schemas["FoundItem"]): string {
  const slug = slugOfApi(scope);
  switch (kind) {
    case "product":
      return `/product-${id}/integrations`;
    case "organisation":
      return `/org-${id}/integrations`;
    case "delivery":
      return `/${slug}/deliveries/${id}`;
    default:
      return `/${slug}/${kind}s/${id}`;
  }
}
