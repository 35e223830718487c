import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { OneOverview } from "../../api/contract";
import { organisations, products, session } from "../../api/queries";
import { atLeast } from "../../frame/useScope";
import { counted } from "../../parts/numbers";
import { nameOf } from "../../parts/standing";
import type { useActions } from "./useActions";

interface Asking {
  of: OneOverview;
  actions: ReturnType<typeof useActions>;
  onClose: () => void;
}

/** Asks before events begin to go nowhere. */
export function DisableModal({ of, actions, onClose }: Asking) {
  return (
    <Modal opened onClose={onClose} title={`Disable ${nameOf(of)}?`}>
      <Stack>
        <Text size="sm">
          Events that come while it is disabled are not delivered, and what waits for another try is dropped.
        </Text>
        <Buttons
          word="Disable"
          pending={actions.enable.isPending}
          onClose={onClose}
          onDo={() => actions.enable.mutate(false, { onSettled: onClose })}
        />
      </Stack>
    </Modal>
  );
}

/** Asks before an integration goes for good. */
export function DeleteModal({ of, actions, onClose }: Asking) {
  const { success, error, skipped } = of.today;
  return (
    <Modal opened onClose={onClose} title={`Delete ${nameOf(of)}?`}>
      <Stack>
        <Text size="sm">
          It made {counted(success + error + skipped, "attempt")} today. Events that begin with{" "}
          <code>{of.event}</code> will no longer reach {of.host ?? "its host"}. This cannot be undone; its log
          stays until its time is over.
        </Text>
        <Buttons
          word="Delete"
          color="red"
          pending={actions.remove.isPending}
          onClose={onClose}
          onDo={() => actions.remove.mutate(undefined, { onError: onClose })}
        />
      </Stack>
    </Modal>
  );
}

/** Asks where to. */
export function MoveModal({ of, actions, onClose }: Asking) {
  const [to, setTo] = useState<string | null>(null);
  const places = usePlaces().filter(({ value }) => value !== of.scope);
  return (
    <Modal opened onClose={onClose} title={`Move ${nameOf(of)}`}>
      <Stack>
        <Select
          label="To"
          placeholder={places.length > 0 ? "Choose a product" : "There is nowhere else you may change"}
          data={places}
          value={to}
          onChange={setTo}
          data-autofocus
        />
        <Text size="sm" c="dimmed">
          In a product it fires for all its devices; a filter by device is dropped. Its secrets go with it;
          its log stays with the old one.
        </Text>
        <Buttons
          word="Move"
          disabled={to === null}
          pending={actions.move.isPending}
          onClose={onClose}
          onDo={() => to && actions.move.mutate(to, { onSettled: onClose })}
        />
      </Stack>
    </Modal>
  );
}

/** The scopes whose integrations the person may change. */
function usePlaces(): { value: string; label: string }[] {
  const { data: me } = useQuery(session);
  const { data: mine = [] } = useQuery(products);
  const { data: orgs = [] } = useQuery(organisations);
  return [
    ...(me ? [{ value: `user:${me.user.id}`, label: "My devices" }] : []),
    ...mine
      .filter(({ role }) => atLeast(role ?? "view-only", "developer"))
      .map(({ id, name }) => ({ value: `product:${id}`, label: name })),
    ...orgs
      .filter(({ role }) => atLeast(role ?? "view-only", "developer"))
      .map(({ id, name }) => ({ value: `org:${id}`, label: name })),
  ];
}

function Buttons({
  word,
  color,
  pending,
  disabled,
  onClose,
  onDo,
}: {
  word: string;
  color?: string;
  pending: boolean;
  disabled?: boolean;
  onClose: () => void;
  onDo: () => void;
}) {
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose}>
        Cancel
      </Button>
      <Button color={color} loading={pending} disabled={disabled} onClick={onDo}>
        {word}
      </Button>
    </Group>
  );
}
