import type { Device } from "../../api/devices";

/** What decides whether a device's events reach an integration at all, whatever they are called. */
export interface Standing {
  device: string;
  /** The id of the person who has claimed it. */
  owner: string | undefined;
  product: number | undefined;
}

/** An integration as it is listed: what the server knows of it, beside the keys of its template. */
export interface Listed {
  id: string;
  event: string;
  scope: string;
  name?: string | null;
  disabled_since?: string | null;
  [key: string]: unknown;
}

/** Whether an integration fires for a device, or the first reason in the server's order why not, in words. */
export type Firing = { fires: true } | { fires: false; because: string };

/** Judges an integration for a device by scope, claim, device filter, switch and the organisation's list. */
export function wouldFire(integration: Listed, standing: Standing): Firing {
  const because =
    outOfScope(integration, standing) ??
    otherDevice(integration, standing) ??
    switchedOff(integration) ??
    notListed(integration, standing);
  return because === undefined ? { fires: true } : { fires: false, because };
}

function outOfScope({ scope }: Listed, { owner, product }: Standing): string | undefined {
  const [kind, id = ""] = scope.split(":");
  if (kind === "user") {
    if (owner === id) return undefined;
    return owner === undefined
      ? "Nobody has claimed the device; a person's integration fires for their own devices."
      : "The device is claimed by somebody else than the integration's owner.";
  }
  if (product === undefined) {
    return kind === "product"
      ? "The device belongs to no product, the integration to one."
      : "The device belongs to no product; an organisation's integration fires for devices of products only.";
  }
  if (kind === "product" && Number(id) !== product)
    return `The device belongs to product ${product}, the integration to product ${id}.`;
  return undefined;
}

function otherDevice(integration: Listed, { device }: Standing): string | undefined {
  const wanted = ["deviceID", "deviceid", "deviceId"].map((key) => integration[key]).find(isText);
  if (wanted === undefined || wanted.toLowerCase() === device) return undefined;
  return `It is narrowed to another device, ${wanted}.`;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function switchedOff({ disabled_since }: Listed): string | undefined {
  return disabled_since ? "It is switched off." : undefined;
}

function notListed({ scope, products }: Listed, { product }: Standing): string | undefined {
  if (!scope.startsWith("org:")) return undefined;
  const listed = Array.isArray(products) && products.some((id) => Number(id) === product);
  return listed ? undefined : "The device's product is not among those that it lists.";
}

/**
 * The product a device is in. Its owner's list has the platform's number in that place when there is none, so
 * what is neither a product's number nor seen from within a product is no product.
 */
export function productOf(device: Device): number | undefined {
  if ("firmware_product_id" in device && device.firmware_product_id !== undefined) return device.product_id;
  return device.product_id === device.platform_id ? undefined : device.product_id;
}
