import { Anchor, Group, Paper, Stack, Text } from "@mantine/core";
import { IconBox, IconCpu } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { type Device, devicesOfProduct, myDevices } from "../../api/devices";
import { products } from "../../api/queries";
import { LoadMore } from "../../parts/LoadMore";
import { count, counted } from "../../parts/numbers";
import { Empty, Failed, Loading } from "../../parts/State";
import { DeviceTable } from "./DeviceTable";
import { useNewest } from "./useNewest";

/** Rows shown before more are asked for: each asks for its device's last event. */
const AT_ONCE = 50;

/** The person's devices; the server lists them whole, so searching is done here. */
export function MyDevices({ user, search }: { user: string; search: string }) {
  const newest = useNewest(`user:${user}`);
  const [rows, setRows] = useState(AT_ONCE);
  const { data, error, refetch } = useQuery(myDevices);
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={10} height={46} />;
  if (data.length === 0) return <NoneYet>Claim one by its id, or let a program make the first.</NoneYet>;
  const found = data.filter((device) => called(device, search));
  return (
    <Found shown={Math.min(rows, found.length)} of={found.length} search={search}>
      <DeviceTable devices={found.slice(0, rows)} slug="me" within="me" newest={newest} />
      <LoadMore more={found.length > rows} loading={false} load={() => setRows(rows + AT_ONCE)} />
    </Found>
  );
}

function called({ id, name }: Device, search: string): boolean {
  const text = search.toLowerCase();
  return id.includes(text) || (name ?? "").toLowerCase().includes(text);
}

/** A product's devices, page by page. */
export function DevicesOfProduct({
  product,
  slug,
  search,
}: {
  product: number;
  slug: string;
  search: string;
}) {
  const newest = useNewest(`product:${product}`);
  const found = useInfiniteQuery({
    ...devicesOfProduct(product, search),
    placeholderData: keepPreviousData,
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loading rows={10} height={46} />;
  const devices = found.data.pages.flatMap((page) => page.devices);
  const total = found.data.pages[0]?.meta.total ?? 0;
  if (total === 0 && search === "") return <NoneYet>Add one by its id; it need not be claimed.</NoneYet>;
  return (
    <Found shown={devices.length} of={total} search={search}>
      <DeviceTable devices={devices} slug={slug} within="product" newest={newest} />
      <LoadMore more={found.hasNextPage} loading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </Found>
  );
}

function Found({
  shown,
  of,
  search,
  children,
}: {
  shown: number;
  of: number;
  search: string;
  children: ReactNode;
}) {
  if (of === 0) {
    return (
      <Empty icon={<IconCpu />} title="No device is called so">
        No name or id here holds “{search}”.
      </Empty>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {shown < of ? `${count(shown)} of ${counted(of, "device")}` : counted(of, "device")}, the last heard
        first
      </Text>
      {children}
    </Stack>
  );
}

function NoneYet({ children }: { children: ReactNode }) {
  return (
    <Empty icon={<IconCpu />} title="No devices yet">
      {children} A device publishes with a token of its own, which its page makes.
    </Empty>
  );
}

/** The products of an organisation, each a way to its devices. */
export function ProductsOfOrganisation({ org }: { org: string }) {
  const { data, error, refetch } = useQuery(products);
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={4} height={52} />;
  const its = data.filter(({ organization_id }) => organization_id === org);
  if (its.length === 0) {
    return (
      <Empty icon={<IconBox />} title="No products yet">
        Make a product in this organisation, and add devices to it.
      </Empty>
    );
  }
  return (
    <Stack gap="xs">
      {its.map((product) => (
        <Paper key={product.id} withBorder p="sm">
          <Group justify="space-between" gap="sm">
            <Anchor component={Link} to={`/product-${product.id}/devices`} fw={500}>
              {product.name}
            </Anchor>
            <Text size="sm" c="dimmed">
              {counted(product.device_count, "device")}
            </Text>
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
