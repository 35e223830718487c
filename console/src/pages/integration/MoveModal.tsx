import { Alert, Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { explained, type Schemas } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { organisations, products, session } from "../../api/queries";
import { atLeast } from "../../frame/useScope";
import { nameOf } from "../../parts/standing";

/** Asks where to. */
export function MoveModal({
  of,
  move,
  onClose,
}: {
  of: IntegrationStory;
  move: (scope: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [to, setTo] = useState<string | null>(null);
  const { mutate, isPending, error } = useMutation({ mutationFn: move, onSuccess: onClose });
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
        {error && (
          <Alert color="red" variant="light" role="alert">
            {explained(error)}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={isPending} disabled={to === null} onClick={() => to !== null && mutate(to)}>
            Move
          </Button>
        </Group>
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
    ...mine.filter(may).map(({ id, name }) => ({ value: `product:${id}`, label: name })),
    ...orgs.filter(may).map(({ id, name }) => ({ value: `org:${id}`, label: name })),
  ];
}

function may({ role }: { role?: Schemas["Role"] }): boolean {
  return atLeast(role ?? "view-only", "developer");
}
