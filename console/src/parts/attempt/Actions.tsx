import { Anchor, Button, CopyButton, Group, SegmentedControl } from "@mantine/core";
import { IconCheck, IconCopy, IconFlask, IconRepeat } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import type { Schemas } from "../../api/client";
import { slugOfApi } from "../../api/scope";
import { atLeast, useScope } from "../../frame/useScope";
import { complained } from "../notify";
import { ReplayModal } from "../replay/ReplayModal";
import { curl } from "./curl";
import type { Look } from "./Messages";
import { postman } from "./postman";
import { sendToTester } from "./sendToTester";

/** What can be done with an attempt. */
export function Actions({
  of,
  look,
  onLook,
  alone,
}: {
  of: Schemas["Attempt"];
  look: Look;
  onLook: (look: Look) => void;
  /** Whether the attempt is the page, and so needs no link to itself. */
  alone: boolean;
}) {
  const slug = slugOfApi(of.scope);
  const mayReplay = atLeast(useScope().role, "developer");
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="Pretty or raw"
        data={[
          { value: "pretty", label: "Pretty" },
          { value: "raw", label: "Raw" },
        ]}
        value={look}
        onChange={(chosen) => onLook(chosen === "raw" ? "raw" : "pretty")}
      />
      {of.request && (
        <>
          <Copy label="Copy as curl" text={() => curl(of.request!)} />
          <Copy label="Copy as Postman request" text={() => postman(of.event.name, of.request!)} />
        </>
      )}
      <ToTester of={of} />
      {mayReplay && <Replay of={of} />}
      {!alone && (
        <Anchor component={Link} to={`/${slug}/attempts/${of.id}`} size="sm">
          Attempt page
        </Anchor>
      )}
      <Anchor component={Link} to={`/${slug}/deliveries/${of.delivery}`} size="sm">
        Delivery
      </Anchor>
    </Group>
  );
}

function Copy({ label, text }: { label: string; text: () => string }) {
  return (
    <CopyButton value={text()}>
      {({ copied, copy }) => (
        <Button
          size="xs"
          variant="default"
          onClick={copy}
          leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
        >
          {label}
        </Button>
      )}
    </CopyButton>
  );
}

function ToTester({ of }: { of: Schemas["Attempt"] }) {
  const navigate = useNavigate();
  const { mutate, isPending } = useMutation({
    mutationFn: () => sendToTester(of),
    onSuccess: (endpoint) => navigate({ to: `/${slugOfApi(of.scope)}/tester/${endpoint}` }),
    onError: (error) => complained("The request did not reach the tester", error),
  });
  return (
    <Button
      size="xs"
      variant="default"
      loading={isPending}
      onClick={() => mutate()}
      leftSection={<IconFlask size={14} aria-hidden />}
    >
      Send to the tester
    </Button>
  );
}

function Replay({ of }: { of: Schemas["Attempt"] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={() => setOpen(true)}
        leftSection={<IconRepeat size={14} aria-hidden />}
      >
        Replay…
      </Button>
      {open && (
        <ReplayModal wanted={{ intent: "resend", delivery: of.delivery }} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
