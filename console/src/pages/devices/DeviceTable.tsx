import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { LiveEvent } from "../../api/shapes";
import { type Device, lastEvent } from "../../api/devices";
import { products } from "../../api/queries";
import { Time } from "../../parts/Time";
import classes from "./DeviceTable.module.css";
import { Online } from "./Online";
import { productOf } from "./wouldFire";

/** What has been heard of devices since the page was opened: the newest event of each. */
export type Newest = ReadonlyMap<string, LiveEvent>;

/** Devices, each a link to its page. In a product's scope the last column is the owner, else the product. */
export function DeviceTable({
  devices,
  slug,
  within,
  newest,
}: {
  devices: Device[];
  slug: string;
  within: "me" | "product";
  newest: Newest;
}) {
  return (
    <div className={classes["list"]}>
      <div className={`${classes["row"]} ${classes["head"]}`} aria-hidden>
        <span>Device</span>
        <span>State</span>
        <span>Last event</span>
        <span>Last heard</span>
        <span>{within === "product" ? "Owner" : "Product"}</span>
      </div>
      <div role="list" aria-label="Devices">
        {devices.map((device) => (
          <div role="listitem" key={device.id}>
            <Row device={device} slug={slug} within={within} heard={newest.get(device.id)} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Row({
  device,
  slug,
  within,
  heard,
}: {
  device: Device;
  slug: string;
  within: "me" | "product";
  heard: LiveEvent | undefined;
}) {
  const { data: stored } = useQuery({ ...lastEvent(device.id), enabled: heard === undefined });
  const last = heard ?? stored;
  const at = heard?.published_at ?? device.last_heard ?? stored?.published_at;
  return (
    <Link to="/$scope/devices/$device" params={{ scope: slug, device: device.id }} className={classes["row"]}>
      <span className={classes["device"]}>
        <span className={classes["name"]}>{device.name ?? "Unnamed"}</span>
        <span className={classes["id"]}>{device.id}</span>
      </span>
      <Online is={device.online || heard !== undefined} heard={at != null} />
      <span className={`${classes["event"]} ${last ? "" : classes["quiet"]}`} title={last?.name}>
        {last?.name ?? (stored === null ? "–" : "")}
      </span>
      <span className={`${classes["heard"]} ${classes["quiet"]}`}>{at ? <Time at={at} whole /> : "–"}</span>
      {within === "product" ? <Owner device={device} /> : <Product device={device} />}
    </Link>
  );
}

function Owner({ device }: { device: Device }) {
  const owner = device.owner;
  return <span className={`${classes["belongs"]} ${classes["quiet"]}`}>{owner ?? "Not claimed"}</span>;
}

function Product({ device }: { device: Device }) {
  const { data: known } = useQuery(products);
  const id = productOf(device);
  const name = known?.find((product) => product.id === id)?.name;
  return (
    <span className={`${classes["belongs"]} ${classes["quiet"]}`}>
      {id === undefined ? "–" : (name ?? `Product ${id}`)}
    </span>
  );
}
