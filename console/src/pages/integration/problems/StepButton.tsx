import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { call } from "../../../api/client";
import { destinationAt, wake } from "../../../api/destinations";
import { oneEvent } from "../../../api/events";
import { attempt } from "../../../api/integrations";
import type { IntegrationStory } from "../../../api/shapes";
import { slugOfApi } from "../../../api/scope";
import type { Action } from "../../../api/troubleshooting";
import { curl } from "../../../parts/attempt/curl";
import { sendEventToTester } from "../../../parts/attempt/sendToTester";
import { complained, said } from "../../../parts/notify";
import { ReplayModal, type Wanted } from "../../../parts/replay/ReplayModal";
import { Way } from "../../../parts/Way";
import { TestModal } from "../TestModal";
import { useActions } from "../useActions";

type Of<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

/** The click that does a step, or the way to where it is done. */
export function StepButton({
  action,
  of,
  mayChange,
}: {
  action: Action;
  of: IntegrationStory;
  mayChange: boolean;
}) {
  const slug = slugOfApi(of.scope);
  const here = `/${slug}/integrations/${of.id}`;
  switch (action.kind) {
    case "edit-field":
      return mayChange && go({ to: `${here}/edit` }, "Edit");
    case "replace-secret":
      return (
        mayChange && go({ to: `/${slug}/settings`, asked: { tab: "secrets" } }, `Replace ${action.name}`)
      );
    case "preview":
      return mayChange && go({ to: `${here}/edit`, asked: { event: action.event } }, "Preview");
    case "compare":
      return go({ to: `/${slug}/compare`, asked: { a: action.a, b: action.b } }, "Compare");
    case "watch-live":
      return go({ to: `/${slug}/events`, asked: { q: watched(action) } }, "Watch");
    case "publish-as":
      return go({ to: `/${slug}/devices/${action.device}` }, "Device page");
    case "open":
      return go({ to: `/${slug}/integrations/${action.integration}` }, "Open it");
    case "revisions":
      return go({ to: here, asked: { info: "revisions" }, hash: "info" }, "Revisions");
    case "copy-curl":
      return <CopyCurl action={action} />;
    case "test-to-tester":
      return <ToTester action={action} of={of} />;
    default:
      return mayChange && <Doing action={action} of={of} />;
  }
}

function go(way: Way, words: string) {
  return (
    <Way {...way} as="button">
      {words}
    </Way>
  );
}

function watched({ prefix }: Of<"watch-live">): string | undefined {
  return prefix === "" ? undefined : `event:${prefix}`;
}

/** What changes or sends something, and so takes the right to. */
function Doing({
  action,
  of,
}: {
  action: Of<"test" | "replay-one" | "recover" | "replay-missing" | "wake" | "enable" | "claim">;
  of: IntegrationStory;
}) {
  const queries = useQueryClient();
  const { setEnabled } = useActions(of);
  const [testing, setTesting] = useState(false);
  const [replaying, setReplaying] = useState<Wanted>();
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      switch (action.kind) {
        case "test":
          return setTesting(true);
        case "replay-one": {
          const { delivery } = await queries.fetchQuery(attempt(action.attempt));
          return setReplaying({ intent: "resend", delivery });
        }
        case "recover":
          return setReplaying({ intent: "recover", integration: of.id, since: action.since });
        case "replay-missing":
          return setReplaying({ intent: "missing", integration: of.id, since: action.since });
        case "enable":
          return setEnabled(true);
        case "claim":
          await call("POST", "/v1/devices", { id: action.device });
          return said("The device is claimed.");
        case "wake": {
          const destination = await destinationAt(of.scope, action.origin);
          if (destination) await wake(destination.id);
          return said(`${action.origin} is awake: its window is empty.`);
        }
      }
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["integration", of.id] }),
    onError: (error) => complained("It was not done", error),
  });
  return (
    <>
      <Button size="compact-xs" variant="default" loading={isPending} onClick={() => mutate()}>
        {WORDS[action.kind]}
      </Button>
      {testing && <TestModal of={of} onClose={() => setTesting(false)} />}
      {replaying && <ReplayModal wanted={replaying} onClose={() => setReplaying(undefined)} />}
    </>
  );
}

const WORDS = {
  test: "Test",
  "replay-one": "Replay one…",
  recover: "Recover…",
  "replay-missing": "Replay missing…",
  wake: "Wake",
  enable: "Enable",
  claim: "Claim",
};

function CopyCurl({ action }: { action: Of<"copy-curl"> }) {
  const queries = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      const { request } = await queries.fetchQuery(attempt(action.attempt));
      if (!request) throw new Error("no request was made in this attempt");
      await navigator.clipboard.writeText(curl(request));
    },
    onSuccess: () => said("The request is copied as a curl command."),
    onError: (error) => complained("Nothing was copied", error),
  });
  return (
    <Button size="compact-xs" variant="default" loading={isPending} onClick={() => mutate()}>
      Copy as curl
    </Button>
  );
}

function ToTester({ action, of }: { action: Of<"test-to-tester">; of: IntegrationStory }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      const event = await queries.fetchQuery(oneEvent(action.event));
      return sendEventToTester({ integration: of.id, scope: of.scope }, event);
    },
    onSuccess: (endpoint) => navigate({ to: `/${slugOfApi(of.scope)}/tester/${endpoint}` }),
    onError: (error) => complained("The request did not reach the tester", error),
  });
  return (
    <Button size="compact-xs" variant="default" loading={isPending} onClick={() => mutate()}>
      To the tester
    </Button>
  );
}
