import { Anchor, PasswordInput, SegmentedControl, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useScope, type Place } from "../../frame/useScope";
import type { Draft } from "../../parts/events/publishing";
import { bytes } from "../../parts/numbers";
import { fieldError, FormModal } from "../../parts/FormModal";
import { faultOfName, noteOnName, publish } from "./publish";

const MOST = 16_384;

/** The form that publishes an event, as the person or as a device whose token is at hand. */
export function Publish({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const place = useScope();
  const [by, setBy] = useState<"scope" | "device">("scope");
  const [token, setToken] = useState("");
  const [name, setName] = useState(draft.name);
  const [data, setData] = useState(draft.data);
  const size = new TextEncoder().encode(data).length;
  const ready = name !== "" && faultOfName(name) === undefined && (by === "scope" || token.trim() !== "");
  async function act() {
    const as = by === "scope" ? { kind: by, scope: place.scope } : { kind: by, token: token.trim() };
    const id = await publish(as, name, data);
    notifications.show({
      color: "teal",
      title: "Published",
      message: (
        <Anchor component={Link} to={`/${place.slug}/events/${id}`} size="sm">
          See what it triggered
        </Anchor>
      ),
    });
  }
  return (
    <FormModal title="Publish an event" action="Publish" ready={ready} act={act} onClose={onClose} size="lg">
      {(error) => (
        <>
          <SegmentedControl
            aria-label="Who publishes"
            value={by}
            onChange={(chosen) => setBy(chosen === "device" ? chosen : "scope")}
            data={[
              { value: "scope", label: place.scope.kind === "me" ? "As me" : `In ${place.name}` },
              { value: "device", label: "As a device" },
            ]}
          />
          <Text size="sm" c="dimmed">
            {by === "device" ? <OfDevices slug={place.slug} /> : ofScope(place)}
          </Text>
          {by === "device" && (
            <PasswordInput
              label="Device token"
              visibilityToggleButtonProps={{ "aria-label": "Show the token", tabIndex: 0 }}
              autoComplete="off"
              value={token}
              error={fieldError(error, "token")}
              onChange={(change) => setToken(change.currentTarget.value)}
            />
          )}
          <TextInput
            label="Name"
            placeholder="climate/reading"
            required
            withAsterisk={false}
            data-autofocus
            spellCheck={false}
            value={name}
            error={faultOfName(name) ?? fieldError(error, "name")}
            description={noteOnName(name)}
            onChange={(change) => setName(change.currentTarget.value)}
          />
          <Stack gap={4}>
            <Textarea
              label="Data"
              placeholder='{"celsius":21.5}'
              autosize
              minRows={4}
              maxRows={14}
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
              value={data}
              error={fieldError(error, "data")}
              onChange={(change) => setData(change.currentTarget.value)}
            />
            <Text size="xs" c={size > MOST ? "red" : "dimmed"}>
              {bytes(size)} of usually {bytes(MOST)} allowed
            </Text>
          </Stack>
        </>
      )}
    </FormModal>
  );
}

function ofScope({ scope, name }: Place): string {
  if (scope.kind === "me")
    return "It triggers your own integrations, as if your program had published it by your token.";
  if (scope.kind === "product")
    return `It triggers the integrations of ${name}; no device is said to have sent it.`;
  return `It is published once in every product of ${name}.`;
}

function OfDevices({ slug }: { slug: string }) {
  return (
    <>
      Only a device&rsquo;s own token can speak for the device. It is shown once, when it is made on the{" "}
      <Anchor component={Link} to={`/${slug}/devices`} size="sm" underline="always">
        device&rsquo;s page
      </Anchor>
      ; it is used for this event and not kept.
    </>
  );
}
