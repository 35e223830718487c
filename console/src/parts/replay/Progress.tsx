import { Alert, Button, Group, Progress as Bar, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answered, api, type Schemas } from "../../api/client";
import { replay } from "../../api/troubleshooting";
import { complained } from "../notify";
import { Failed, Loading } from "../State";

/** How a replay goes, and a way to stop it. */
export function Progress({ id, onClose }: { id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(replay(id));
  const cancel = useMutation({
    mutationFn: () => answered(api.DELETE("/fieldhook/v1/replays/{id}", { params: { path: { id } } })),
    onSuccess: () => refetch(),
    onError: (error) => complained("The replay was not cancelled", error),
  });
  const running = data?.state === "running";
  const integration = data?.integration;
  useEffect(() => {
    if (running === false && integration)
      void queries.invalidateQueries({ queryKey: ["integration", integration] });
  }, [running, integration, queries]);
  if (!data) return error ? <Failed error={error} retry={() => void refetch()} /> : <Loading rows={2} />;
  return (
    <Stack gap="sm">
      <Stack gap="sm" role="status">
        <Track of={data} />
        <Text size="sm">{data.summary}</Text>
        {data.reason && (
          <Alert color="orange" variant="light" title={ENDED[data.state]}>
            {data.reason}
          </Alert>
        )}
      </Stack>
      <Group justify="flex-end" gap="xs">
        {running && (
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Stop
          </Button>
        )}
        <Button onClick={onClose}>{running ? "Go on in the background" : "Close"}</Button>
      </Group>
    </Stack>
  );
}

const ENDED: Record<Schemas["State"], string> = {
  running: "Under way",
  done: "Done",
  stopped: "It stopped by itself",
  cancelled: "Cancelled",
  interrupted: "The server stopped",
};

function Track({ of }: { of: Schemas["Replay"] }) {
  const share = (part: number) => (100 * part) / Math.max(1, of.total);
  return (
    <Bar.Root size="lg">
      <Bar.Section value={share(of.succeeded)} color="blue" aria-label="Succeeded" />
      <Bar.Section value={share(of.failed)} color="red" aria-label="Failed" />
      <Bar.Section value={share(of.waiting)} color="gray" aria-label="Waiting" />
    </Bar.Root>
  );
}
