import { Checkbox, SimpleGrid } from "@mantine/core";

import { useDraft } from "../draft";
import { answersOwnDevice, OWN_TOPIC, setText, SHARED_TOPIC } from "../model/template";
import { Flag, Section, TextField } from "./fields";
import { ResponseTemplate } from "./ResponseTemplate";

/** What is published of the answer, and under which name. */
export function Replies() {
  const { scope } = useDraft();
  return (
    <Section title="Response" says="What is published of the endpoint's answer, for devices that listen.">
      {scope.kind !== "me" && <OwnDevice />}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextField
          of="responseTopic"
          label="Response topic"
          placeholder={scope.kind === "me" ? SHARED_TOPIC : OWN_TOPIC}
        />
        <TextField
          of="errorResponseTopic"
          label="Error response topic"
          placeholder="hook-error/{{PARTICLE_EVENT_NAME}}"
        />
      </SimpleGrid>
      <ResponseTemplate />
      <Flag
        of="unchunked"
        label="Publish the response unchunked"
        description="One event instead of parts of 512 bytes; dropped when it is over the limit for events."
      />
      <Flag
        of="dataUrlResponseEvent"
        label="Encode the response as a data URL"
        description="For answers that are no text, such as pictures."
      />
    </Section>
  );
}

function OwnDevice() {
  const { template, edit } = useDraft();
  return (
    <Checkbox
      label="Only the device that triggers the webhook should receive its response"
      checked={answersOwnDevice(template)}
      onChange={({ currentTarget: { checked } }) =>
        edit((template) => setText(template, "responseTopic", checked ? OWN_TOPIC : SHARED_TOPIC))
      }
    />
  );
}
