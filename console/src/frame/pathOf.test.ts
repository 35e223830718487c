import { expect, test } from "vitest";

import { pathOf } from "./pathOf";
import type { Schemas } from "../api/client";

const found = (kind: Schemas["FoundItem"]["kind"], scope: string) =>
  pathOf({ kind, id: "7", name: "", scope });

test("what was found opens in the scope that it belongs to", () => {
  expect(found("integration", "product:42")).toBe("/product-42/integrations/7");
  expect(found("delivery", "org:0123456789abcdef01234567")).toBe(
    "/org-0123456789abcdef01234567/deliveries/7",
  );
  expect(found("device", "user:0123456789abcdef01234567")).toBe("/me/devices/7");
});

test("a product or an organisation opens as a scope of its own", () => {
  expect(found("product", "user:0123456789abcdef01234567")).toBe("/product-7/integrations");
  expect(found("organisation", "org:7")).toBe("/org-7/integrations");
});
