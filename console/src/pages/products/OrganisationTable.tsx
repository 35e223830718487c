import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { held, holdings } from "./holdings";
import type { Schemas } from "../../api/client";
import { CopyId } from "../../parts/CopyId";
import { RoleBadge } from "../../parts/RoleBadge";
import { Time } from "../../parts/Time";

/** My organisations, each a way into its scope. */
export function OrganisationTable({ orgs }: { orgs: Schemas["OrganisationRecord"][] }) {
  const { data: counts } = useQuery(holdings);
  if (orgs.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        You are in no organisation. Make one when several products share a team or an integration.
      </Text>
    );
  }
  return (
    <Table layout="fixed" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th w={290} visibleFrom="lg">
            Id
          </Table.Th>
          <Table.Th w={130} visibleFrom="sm">
            Role
          </Table.Th>
          <Table.Th w={90} ta="right">
            Products
          </Table.Th>
          <Table.Th w={112} ta="right" visibleFrom="xs">
            Integrations
          </Table.Th>
          <Table.Th w={160} visibleFrom="md">
            Created
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {orgs.map((org) => (
          <Table.Tr key={org.id}>
            <Table.Td>
              <Anchor
                component={Link}
                to={`/org-${org.id}/integrations`}
                fw={500}
                size="sm"
                className="one-line"
                display="block"
              >
                {org.name}
              </Anchor>
              <Text size="xs" c="dimmed" className="one-line">
                {org.slug}
              </Text>
            </Table.Td>
            <Table.Td visibleFrom="lg">
              <CopyId id={org.id} label="Copy id" />
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <RoleBadge role={org.role} />
            </Table.Td>
            <Table.Td ta="right">{org.product_count}</Table.Td>
            <Table.Td ta="right" visibleFrom="xs">
              {held(counts, `org:${org.id}`)}
            </Table.Td>
            <Table.Td visibleFrom="md">
              <Time at={org.created_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
