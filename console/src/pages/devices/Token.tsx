import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";

import { answered, api, call, type Schemas } from "../../api/client";
import type { Device } from "../../api/devices";
import { base, type Scope } from "../../api/scope";
import { Text as Scroller } from "../../parts/attempt/Text";
import { Confirm } from "../../parts/Confirm";
import { CopyId } from "../../parts/CopyId";
import { complained, said } from "../../parts/notify";
import { listenCommand, publishCommand } from "./samples";

/** Gives the device a token of its own. */
export function Token({ device, scope, may }: { device: Device; scope: Scope; may: boolean }) {
  const [asking, setAsking] = useState(false);
  const [token, setToken] = useState<string>();
  const called = device.name ?? device.id;
  async function make() {
    const path = `${base(scope)}/devices/${device.id}/token`;
    setToken((await call<Schemas["DeviceToken"]>("POST", path)).token);
  }
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm" c="dimmed">
        With a token of its own the device publishes as itself and hears the replies to its events. A device
        has one at a time: a new one ends the old, and so does letting go of the device.
      </Text>
      {may && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconKey size={14} aria-hidden />}
          onClick={() => setAsking(true)}
        >
          Make a token
        </Button>
      )}
      {asking && (
        <Confirm
          title={`Make a token for ${called}?`}
          action="Make the token"
          act={make}
          onClose={() => setAsking(false)}
        >
          If the device has a token now, that one stops working at once.
        </Confirm>
      )}
      {token !== undefined && <Made token={token} called={called} onClose={() => setToken(undefined)} />}
    </Stack>
  );
}

function Made({ token, called, onClose }: { token: string; called: string; onClose: () => void }) {
  async function revoke() {
    try {
      await answered(api.DELETE("/v1/access_tokens/{token}", { params: { path: { token } } }));
      said(`The token of ${called} is revoked`);
      onClose();
    } catch (error) {
      complained("The token could not be revoked", error);
    }
  }
  return (
    <Modal opened onClose={onClose} title={`The token of ${called}`} size="lg">
      <Stack gap="sm">
        <Alert color="yellow" variant="light" p="sm">
          Copy it now: it is shown this once and kept nowhere in plain text.
        </Alert>
        <CopyId id={token} label="Copy the token" />
        <Text size="sm" fw={500}>
          Publish as the device
        </Text>
        <Scroller label="Command that publishes">{publishCommand(location.origin, token)}</Scroller>
        <Text size="sm" fw={500}>
          Hear the replies
        </Text>
        <Scroller label="Command that listens">{listenCommand(location.origin, token)}</Scroller>
        <Group justify="space-between">
          <Button variant="subtle" color="red" onClick={() => void revoke()}>
            Revoke it again
          </Button>
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
