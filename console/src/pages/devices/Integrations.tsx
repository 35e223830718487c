import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Device } from "../../api/devices";
import { products, session } from "../../api/queries";
import { slugOfApi } from "../../api/scope";
import { useScope } from "../../frame/useScope";
import { Failed, Loading } from "../../parts/State";
import classes from "./DevicePage.module.css";
import { integrationsOf, type Judged, judged, scopesFor } from "./firing";
import { productOf, type Standing } from "./wouldFire";

/** The integrations that the device's events can fire, and why the others of the same scopes do not. */
export function Integrations({ device }: { device: Device }) {
  const { data: signedIn } = useQuery(session);
  const { scope } = useScope();
  const { data: known = [] } = useQuery(products);
  const me = signedIn?.user.id ?? "";
  const product = productOf(device);
  // A product of somebody else's may have integrations, which only its team sees.
  const its = known.find(({ id }) => id === product);
  const standing: Standing = {
    device: device.id,
    owner: scope.kind === "me" ? me : (device.user_id ?? undefined),
    product,
  };
  const asked = useQueries({
    queries: scopesFor(me, its?.id, its?.organization_id ?? undefined).map(integrationsOf),
  });
  const failed = asked.find(({ error }) => error);
  if (failed) return <Failed error={failed.error} retry={() => void failed.refetch()} />;
  if (asked.some(({ isPending }) => isPending)) return <Loading rows={3} height={40} />;
  const all = judged(
    asked.flatMap(({ data }) => data ?? []),
    standing,
  );
  if (all.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        There is no integration yet in any scope of this device that you can see.
      </Text>
    );
  }
  return (
    <Stack gap={0} className={classes["integrations"]}>
      {all.map((one) => (
        <Line key={one.integration.id} of={one} />
      ))}
      {product !== undefined && !its && (
        <Text size="xs" c="dimmed" pt={6}>
          Product {product} may have integrations too; only its team sees them.
        </Text>
      )}
    </Stack>
  );
}

function Line({ of: { integration, firing } }: { of: Judged }) {
  const { id, name, event, scope } = integration;
  return (
    <div className={classes["integration"]}>
      <Group gap={8} justify="space-between" wrap="nowrap" align="flex-start">
        <Anchor component={Link} to={`/${slugOfApi(scope)}/integrations/${id}`} size="sm" fw={500}>
          {name ?? event}
        </Anchor>
        <Badge color={firing.fires ? "blue" : "gray"} variant="light" tt="none" style={{ flexShrink: 0 }}>
          {firing.fires ? "Would fire" : "Would not"}
        </Badge>
      </Group>
      <Text size="xs" c="dimmed">
        {firing.fires ? (
          <>
            for events that begin with <code>{event}</code>
          </>
        ) : (
          firing.because
        )}
      </Text>
    </div>
  );
}
