import { Button } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";

import { atLeast, useScope } from "../../frame/useScope";
import { EventStream } from "../../parts/events/EventStream";
import { type Draft, Publishing } from "../../parts/events/publishing";
import { Page } from "../../parts/Page";
import { Publish } from "./Publish";

/** What happens in the scope, as it happens. */
export default function Events() {
  const { slug, scope, name, role } = useScope();
  const [draft, setDraft] = useState<Draft>();
  const mayPublish = atLeast(role, "developer");
  return (
    <Page
      title="Events"
      says={
        scope.kind === "me"
          ? "What your devices and you publish, and what answers."
          : `What is published in ${name}.`
      }
      actions={
        mayPublish && (
          <Button
            leftSection={<IconSend size={16} aria-hidden />}
            onClick={() => setDraft({ name: "", data: "" })}
          >
            Publish an event
          </Button>
        )
      }
    >
      <Publishing value={mayPublish ? setDraft : undefined}>
        <EventStream key={slug} scope={scope} height="max(320px, calc(100dvh - 296px))" />
      </Publishing>
      {draft && <Publish draft={draft} onClose={() => setDraft(undefined)} />}
    </Page>
  );
}
