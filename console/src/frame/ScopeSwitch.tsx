import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";

import { useScope } from "./useScope";
import { organisations, products } from "../api/queries";

/** Chooses whose things are shown. The place stays: from my events to a product's events. */
export function ScopeSwitch({ onSwitched }: { onSwitched: () => void }) {
  const { slug, name } = useScope();
  const { data: mine = [] } = useQuery(products);
  const { data: orgs = [] } = useQuery(organisations);
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const groups = [
    { group: "Mine", items: [{ value: "me", label: "My devices" }] },
    { group: "Products", items: mine.map(({ id, name }) => ({ value: `product-${id}`, label: name })) },
    { group: "Organisations", items: orgs.map(({ id, name }) => ({ value: `org-${id}`, label: name })) },
  ];
  const known = groups.some(({ items }) => items.some(({ value }) => value === slug));
  if (!known) groups[0]?.items.push({ value: slug, label: name });
  return (
    <Select
      aria-label="Scope"
      data={groups.filter(({ items }) => items.length > 0)}
      value={slug}
      allowDeselect={false}
      searchable={mine.length + orgs.length > 8}
      onChange={(chosen) => {
        const place = pathname.split("/")[2] ?? "integrations";
        onSwitched();
        void navigate({ to: `/${chosen ?? "me"}/${place}` });
      }}
    />
  );
}
