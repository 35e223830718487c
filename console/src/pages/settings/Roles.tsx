import { Table, Title, VisuallyHidden } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";

import type { Schemas } from "../../api/client";
import { atLeast } from "../../frame/useScope";
import { ROLE_NAME } from "../../parts/RoleBadge";

type Role = Schemas["Role"];

/** What can be done in a product or an organisation, and the weakest role that may. */
const ACTS: { what: string; needs: Role }[] = [
  { what: "See devices, events, integrations and logs", needs: "view-only" },
  { what: "Send tests, replay deliveries, wake destinations, use the endpoint tester", needs: "support" },
  { what: "Publish; change devices, integrations and secrets", needs: "developer" },
  { what: "Add, change and remove members", needs: "administrator" },
  { what: "Delete the product", needs: "owner" },
];

/** What each role may do, my own marked. */
export function Roles({ mine }: { mine: Role }) {
  const roles = Object.keys(ROLE_NAME) as Role[];
  return (
    <>
      <Title order={2} size="h4" mt="md">
        What each role may do
      </Title>
      <Table.ScrollContainer
        minWidth={720}
        scrollAreaProps={{ viewportProps: { tabIndex: 0, role: "region", "aria-label": "Roles" } }}
      >
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>
                <VisuallyHidden>What</VisuallyHidden>
              </Table.Th>
              {roles.map((role) => (
                <Table.Th key={role} w={104} ta="center" c={role === mine ? "blue" : undefined}>
                  {ROLE_NAME[role]}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {ACTS.map(({ what, needs }) => (
              <Table.Tr key={what}>
                <Table.Td>{what}</Table.Td>
                {roles.map((role) => (
                  <Table.Td key={role} ta="center">
                    {atLeast(role, needs) ? (
                      <IconCheck size={16} role="img" aria-label="yes" className="in-line" />
                    ) : (
                      <No />
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function No() {
  return (
    <>
      <span aria-hidden>–</span>
      <VisuallyHidden>no</VisuallyHidden>
    </>
  );
}
