import { expect, test } from "vitest";

import type { Device } from "../../api/devices";
import { type Listed, productOf, type Standing, wouldFire } from "./wouldFire";

const DEVICE = "de0000000000000000000101";
const ADA = "6b0766a1a6c3ad6e22da014c";
const BOB = "6b0766a1a6c3ad6e22da014d";
const MINE: Standing = { device: DEVICE, owner: ADA, product: 10_001 };
const LOOSE: Standing = { device: DEVICE, owner: undefined, product: undefined };

function integration(scope: string, keys: object = {}): Listed {
  return { id: "1", event: "climate/", scope, ...keys } as Listed;
}

function because(scope: string, standing: Standing, keys: object = {}): string | undefined {
  const firing = wouldFire(integration(scope, keys), standing);
  return firing.fires ? undefined : firing.because;
}

test("a person's integration fires for the devices they have claimed", () => {
  expect(because(`user:${ADA}`, MINE)).toBeUndefined();
  expect(because(`user:${BOB}`, MINE)).toMatch(/somebody else/);
  expect(because(`user:${ADA}`, LOOSE)).toMatch(/Nobody has claimed/);
});

test("a product's integration fires for its devices, claimed or not", () => {
  expect(because("product:10001", MINE)).toBeUndefined();
  expect(because("product:10001", { ...MINE, owner: undefined })).toBeUndefined();
  expect(because("product:10002", MINE)).toMatch(/product 10001, the integration to product 10002/);
  expect(because("product:10001", LOOSE)).toMatch(/no product/);
});

test("an organisation's integration fires for the products it lists", () => {
  const org = "org:6b0766a1a6c3ad6e22da0000";
  expect(because(org, MINE, { products: [10_001] })).toBeUndefined();
  expect(because(org, MINE, { products: ["10001"] })).toBeUndefined();
  expect(because(org, MINE, { products: [10_002] })).toMatch(/not among those/);
  expect(because(org, MINE)).toMatch(/not among those/);
  expect(because(org, LOOSE)).toMatch(/devices of products only/);
});

test("a device filter names one device, by any spelling of its key", () => {
  for (const key of ["deviceID", "deviceid", "deviceId"]) {
    expect(because(`user:${ADA}`, MINE, { [key]: DEVICE.toUpperCase() })).toBeUndefined();
    expect(because(`user:${ADA}`, MINE, { [key]: `${DEVICE.slice(0, -1)}2` })).toMatch(/another device/);
  }
  expect(because(`user:${ADA}`, MINE, { deviceID: "" })).toBeUndefined();
});

test("what is switched off does not fire, and the first reason is the one told", () => {
  const off = { disabled_since: "2026-11-25T00:00:00Z" };
  expect(because(`user:${ADA}`, MINE, off)).toMatch(/switched off/);
  expect(because(`user:${BOB}`, MINE, off)).toMatch(/somebody else/);
});

test("a device outside any product shows its platform in the product's place", () => {
  const device = { product_id: 6, platform_id: 6 } as Device;
  expect(productOf(device)).toBeUndefined();
  expect(productOf({ ...device, product_id: 10_001 })).toBe(10_001);
  expect(productOf({ ...device, firmware_product_id: 6 } as Device)).toBe(6);
});
