import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconFlask, IconSend } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { answered, api, callWithJson, explained, type Schemas } from "../../../api/client";
import { slugOf } from "../../../api/scope";
import { useDraft } from "../draft";
import { trialBody } from "../rendered";
import { Result } from "./Result";

interface Sent {
  attempt: Schemas["Attempt"];
  /** The tester endpoint it went to, when it did not go to the real one. */
  tester: Schemas["Endpoint"] | undefined;
}

/** Sends the draft once, with the chosen event, and shows what came back. */
export function SendTest() {
  const { trial, event, scope, apiScope, begun, rendered, fault, setAnswer } = useDraft();
  const send = useMutation({
    mutationFn: async (to: "endpoint" | "tester"): Promise<Sent> => {
      const tester = to === "tester" ? await endpoint(apiScope) : undefined;
      const body = trialBody(trial, { event, ...(tester ? { to: tester.url } : {}) });
      const { attempt } = await callWithJson<{ attempt: Schemas["Attempt"] }>(
        "POST",
        "/fieldhook/v1/render/send",
        body,
      );
      return { attempt, tester };
    },
    onSuccess: ({ attempt, tester }) => {
      // What the tester answers says nothing of what the real endpoint would.
      if (!tester) setAnswer(attempt.response ?? undefined);
    },
  });
  const idle = fault !== undefined || !begun || !rendered.data?.request;
  return (
    <Stack gap="xs" component="section" aria-label="Send a test">
      <Group gap="xs">
        <Button
          size="xs"
          leftSection={<IconSend size={14} />}
          disabled={idle}
          loading={send.isPending && send.variables === "endpoint"}
          onClick={() => send.mutate("endpoint")}
        >
          Send a test
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFlask size={14} />}
          disabled={idle}
          loading={send.isPending && send.variables === "tester"}
          onClick={() => send.mutate("tester")}
        >
          Send it to the tester
        </Button>
        <Text size="xs" c="dimmed">
          Sent once, with this event.
        </Text>
      </Group>
      {send.isError && (
        <Alert color="red" title="The test was not sent" role="alert">
          {explained(send.error)}
        </Alert>
      )}
      {send.data && (
        <>
          <Result attempt={send.data.attempt} />
          {send.data.tester && (
            <Button
              size="compact-xs"
              variant="subtle"
              style={{ alignSelf: "flex-start" }}
              renderRoot={(props) => (
                <Link
                  {...props}
                  to="/$scope/tester/$endpoint"
                  params={{ scope: slugOf(scope), endpoint: send.data.tester?.id ?? "" }}
                  target="_blank"
                />
              )}
            >
              What the tester caught
            </Button>
          )}
        </>
      )}
    </Stack>
  );
}

/** A tester endpoint of the scope: the one used last, or a new one. */
async function endpoint(scope: string): Promise<Schemas["Endpoint"]> {
  const { items } = await answered(api.GET("/fieldhook/v1/tester", { params: { query: { scope } } }));
  const [last] = items.toSorted((a, b) => b.used_at.localeCompare(a.used_at));
  const found = last ?? (await answered(api.POST("/fieldhook/v1/tester", { body: { scope } })));
  return found as Schemas["Endpoint"];
}
