import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Group,
  Menu,
  Table,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { IconBox, IconDots, IconPencil, IconSearch, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { DeleteProduct } from "./DeleteProduct";
import { held, holdings } from "./holdings";
import { ProductForm } from "./ProductForm";
import type { Schemas } from "../../api/client";
import { atLeast, useScope } from "../../frame/useScope";
import { CopyId } from "../../parts/CopyId";
import { RoleBadge } from "../../parts/RoleBadge";
import { Empty } from "../../parts/State";
import { Time } from "../../parts/Time";

type Product = Schemas["ProductRecord"];
type Organisation = Schemas["OrganisationRecord"];

/** From this many products on, there is a field to narrow them by. */
const MANY = 9;

/** My products, each a way into its scope. */
export function ProductTable({
  products,
  orgs,
  make,
}: {
  products: Product[];
  orgs: Organisation[];
  make: () => void;
}) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = products.filter(({ name, slug, id }) =>
    [name, slug, String(id)].some((field) => field.toLowerCase().includes(wanted)),
  );
  const withOrgs = products.some(({ organization_id }) => organization_id);
  if (products.length === 0) return <None make={make} />;
  return (
    <>
      {products.length >= MANY && (
        <TextInput
          aria-label="Name or number"
          placeholder="Name or number"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(change) => setText(change.currentTarget.value)}
          maw={320}
        />
      )}
      <Table layout="fixed" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={110} visibleFrom="md">
              Number
            </Table.Th>
            {withOrgs && (
              <Table.Th w={150} visibleFrom="lg">
                Organisation
              </Table.Th>
            )}
            <Table.Th w={130} visibleFrom="sm">
              Role
            </Table.Th>
            <Table.Th w={84} ta="right">
              Devices
            </Table.Th>
            <Table.Th w={110} ta="right" visibleFrom="xs">
              Integrations
            </Table.Th>
            <Table.Th w={160} visibleFrom="lg">
              Created
            </Table.Th>
            <Table.Th w={52}>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((product) => (
            <Row
              key={product.id}
              product={product}
              org={orgs.find(({ id }) => id === product.organization_id)}
              withOrgs={withOrgs}
            />
          ))}
        </Table.Tbody>
      </Table>
      {shown.length === 0 && (
        <Text c="dimmed" size="sm">
          None of the {products.length} products is called or numbered “{text.trim()}”.
        </Text>
      )}
    </>
  );
}

function Row({
  product,
  org,
  withOrgs,
}: {
  product: Product;
  org: Organisation | undefined;
  withOrgs: boolean;
}) {
  const { data: counts } = useQuery(holdings);
  const { slug } = useScope();
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Anchor
            component={Link}
            to={`/product-${product.id}/integrations`}
            fw={500}
            size="sm"
            className="one-line"
          >
            {product.name}
          </Anchor>
          {slug === `product-${product.id}` && (
            <Badge variant="light" tt="none" style={{ flex: "none" }}>
              Open now
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" className="one-line" title={product.description}>
          {product.description === "" ? product.slug : product.description}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="md">
        <CopyId id={String(product.id)} label="Copy number" />
      </Table.Td>
      {withOrgs && (
        <Table.Td visibleFrom="lg" className="one-line" title={org?.name}>
          {org?.name ?? product.org ?? "–"}
        </Table.Td>
      )}
      <Table.Td visibleFrom="sm">
        <RoleBadge role={product.role} />
      </Table.Td>
      <Table.Td ta="right">{product.device_count.toLocaleString()}</Table.Td>
      <Table.Td ta="right" visibleFrom="xs">
        {held(counts, `product:${product.id}`)}
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Time at={product.created_at} />
      </Table.Td>
      <Table.Td>
        <Actions product={product} />
      </Table.Td>
    </Table.Tr>
  );
}

function Actions({ product }: { product: Product }) {
  const [doing, setDoing] = useState<"edit" | "delete" | null>(null);
  const close = () => setDoing(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${product.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPencil size={16} />}
            disabled={!atLeast(product.role, "developer")}
            onClick={() => setDoing("edit")}
          >
            Rename or describe
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            disabled={!atLeast(product.role, "owner")}
            onClick={() => setDoing("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {doing === "edit" && <ProductForm product={product} orgs={[]} onClose={close} />}
      {doing === "delete" && <DeleteProduct product={product} onClose={close} />}
    </>
  );
}

function None({ make }: { make: () => void }) {
  return (
    <Empty icon={<IconBox />} title="No products yet">
      You neither own a product nor work on somebody else’s. Make one for a fleet of devices, or ask the owner
      of one to add you to its team.
      <Button variant="light" mt="sm" display="block" mx="auto" onClick={make}>
        New product
      </Button>
    </Empty>
  );
}
