import { Select } from "@mantine/core";
import { IconBox, IconBuilding, IconUser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";

import { useScope } from "./useScope";
import { organisations, products } from "../api/queries";

const ICON = { me: IconUser, product: IconBox, org: IconBuilding };

/** From this many scopes on, they are found by typing. */
const MANY = 9;

/** Chooses whose things are shown. The place stays: from my events to a product's events. */
export function ScopeSwitch({ onSwitched }: { onSwitched: () => void }) {
  const { slug, scope, name } = useScope();
  const { data: mine = [] } = useQuery(products);
  const { data: orgs = [] } = useQuery(organisations);
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const Icon = ICON[scope.kind];
  const groups = [
    { group: "Mine", items: [{ value: "me", label: "My devices" }] },
    { group: "Products", items: mine.map(({ id, name }) => ({ value: `product-${id}`, label: name })) },
    { group: "Organisations", items: orgs.map(({ id, name }) => ({ value: `org-${id}`, label: name })) },
  ];
  const listed = groups.some(({ items }) => items.some(({ value }) => value === slug));
  if (!listed) groups[0]?.items.push({ value: slug, label: name });
  return (
    <Select
      aria-label="Scope"
      title={name}
      styles={{ input: { textOverflow: "ellipsis" } }}
      leftSection={<Icon size={16} aria-hidden />}
      data={groups.filter(({ items }) => items.length > 0)}
      value={slug}
      allowDeselect={false}
      searchable={mine.length + orgs.length >= MANY}
      nothingFoundMessage="Nothing of yours is called so"
      maxDropdownHeight={420}
      onChange={(chosen) => {
        const place = pathname.split("/")[2] ?? "integrations";
        onSwitched();
        void navigate({ to: `/${chosen ?? "me"}/${place}` });
      }}
    />
  );
}
