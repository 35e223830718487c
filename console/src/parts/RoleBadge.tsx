import { Badge } from "@mantine/core";

import type { Schemas } from "../api/client";

/** The roles, weakest first, in people's words. */
export const ROLE_NAME: Record<Schemas["Role"], string> = {
  "view-only": "View only",
  support: "Support",
  developer: "Developer",
  administrator: "Administrator",
  owner: "Owner",
};

/** What somebody may do in a product or an organisation. */
export function RoleBadge({ role }: { role: Schemas["Role"] }) {
  return (
    <Badge variant="default" tt="none" fw={500}>
      {ROLE_NAME[role]}
    </Badge>
  );
}
