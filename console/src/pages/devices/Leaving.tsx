import { Button, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { answered, api } from "../../api/client";
import type { Device } from "../../api/devices";
import { type Scope, slugOf } from "../../api/scope";
import { Confirm } from "../../parts/Confirm";
import { said } from "../../parts/notify";

type Way = "unclaim" | "free" | "remove";

/** The ways out: letting go of an own device, freeing a product's from its owner, taking it out of the product. */
export function Leaving({ device, scope }: { device: Device; scope: Scope }) {
  const [way, setWay] = useState<Way>();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const called = device.name ?? device.id;
  async function act() {
    if (way === undefined) return;
    await leave(way, device.id, scope);
    said(`${called}: ${DONE[way]}`);
    if (way !== "free") await navigate({ to: "/$scope/devices", params: { scope: slugOf(scope) } });
    await queries.invalidateQueries({ queryKey: ["devices"] });
    await queries.invalidateQueries({ queryKey: ["device", device.id] });
  }
  return (
    <Group gap="xs">
      {scope.kind === "me" ? (
        <Way color="red" onClick={() => setWay("unclaim")}>
          Let go
        </Way>
      ) : (
        <>
          {device.owner && <Way onClick={() => setWay("free")}>Free from its owner</Way>}
          <Way color="red" onClick={() => setWay("remove")}>
            Remove
          </Way>
        </>
      )}
      {way && (
        <Confirm
          title={`${ASKED[way]} ${called}?`}
          action={ACTION[way]}
          act={act}
          onClose={() => setWay(undefined)}
        >
          {MEANS[way]}
        </Confirm>
      )}
    </Group>
  );
}

function Way({ color, onClick, children }: { color?: string; onClick: () => void; children: string }) {
  return (
    <Button size="xs" variant="default" c={color} onClick={onClick}>
      {children}
    </Button>
  );
}

const ASKED: Record<Way, string> = { unclaim: "Let go of", free: "Free", remove: "Remove" };
const ACTION: Record<Way, string> = { unclaim: "Let go", free: "Free it", remove: "Remove it" };
const DONE: Record<Way, string> = {
  unclaim: "it is yours no more",
  free: "nobody has claimed it now",
  remove: "it is out of the product",
};
const MEANS: Record<Way, string> = {
  unclaim:
    "It has no owner afterwards, its token ends at once, and your integrations no longer fire for it. It stays in its product.",
  free: "Its owner loses it and their integrations no longer fire for it; its token ends at once. It stays in the product.",
  remove: "The product's integrations no longer fire for it, and its token ends at once. Its owner keeps it.",
};

async function leave(way: Way, device: string, scope: Scope): Promise<void> {
  if (scope.kind !== "product") {
    await answered(api.DELETE("/v1/devices/{device}", { params: { path: { device } } }));
    return;
  }
  const params = { path: { product: String(scope.id), device } };
  if (way === "free") await answered(api.DELETE("/v1/products/{product}/devices/{device}/owner", { params }));
  else await answered(api.DELETE("/v1/products/{product}/devices/{device}", { params }));
}
