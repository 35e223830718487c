import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { type Device, lastEvent } from "../../api/devices";
import { products, session } from "../../api/queries";
import type { Scope } from "../../api/scope";
import { CopyId } from "../../parts/CopyId";
import { Facts } from "../../parts/Facts";
import { Time } from "../../parts/Time";
import { Online } from "./Online";
import { productOf } from "./wouldFire";

/** What is known of a device. */
export function DeviceFacts({ device, scope }: { device: Device; scope: Scope }) {
  const { data: signedIn } = useQuery(session);
  const { data: last } = useQuery({ ...lastEvent(device.id), refetchInterval: 15_000 });
  const heard = device.last_heard ?? last?.published_at;
  const slug = scope.kind === "product" ? `product-${scope.id}` : "me";
  const owner = scope.kind === "product" ? device.owner : signedIn?.user.username;
  return (
    <Facts
      of={[
        ["Device", <CopyId key="id" id={device.id} label="Copy the device's id" />],
        ["State", <Online key="state" is={device.online} heard={heard != null} />],
        ["Last heard", heard ? <Time key="heard" at={heard} whole /> : "never"],
        [
          "Last event",
          last ? (
            <Anchor key="last" component={Link} to={`/${slug}/events/${last.id}`} size="sm">
              {last.name}
            </Anchor>
          ) : (
            "–"
          ),
        ],
        ["Owner", owner ?? "nobody has claimed it"],
        ["Product", <Product key="product" device={device} />],
        ["Firmware", device.firmware_version],
        ["Groups", device.groups.join(", ")],
        ["Added", <Time key="added" at={device.created_at} whole />],
        [
          "Notes",
          device.notes && (
            <Text key="notes" size="sm" style={{ whiteSpace: "pre-wrap" }}>
              {device.notes}
            </Text>
          ),
        ],
      ]}
    />
  );
}

function Product({ device }: { device: Device }) {
  const { data: known } = useQuery(products);
  const id = productOf(device);
  if (id === undefined) return <>none</>;
  const its = known?.find((product) => product.id === id);
  if (!its) return <>{id}</>;
  return (
    <Anchor component={Link} to={`/product-${id}/devices/${device.id}`} size="sm">
      {its.name}
    </Anchor>
  );
}
