import { Group, SegmentedControl, Text as Words } from "@mantine/core";

import type { IntegrationStory } from "../../api/shapes";
import { scopeOfApi } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { Text } from "../../parts/attempt/Text";
import { CopyId } from "../../parts/CopyId";
import { Facts } from "../../parts/Facts";
import { Time } from "../../parts/Time";
import { Panel } from "./Panel";
import { Revisions } from "./Revisions";
import { inWords, templateOf } from "./words";

const VIEWS = [
  { value: "words", label: "In words" },
  { value: "json", label: "JSON" },
  { value: "revisions", label: "Revisions" },
];

/** How the integration is configured, and how it came to be so. */
export function Info({ of }: { of: IntegrationStory }) {
  // In the address, so that a problem's card can open the revisions.
  const [asked, ask] = useAddress();
  const view = VIEWS.find(({ value }) => value === asked["info"])?.value ?? "words";
  const template = templateOf(of.record);
  return (
    <Panel
      id="info"
      title="Info"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Configuration as"
          data={VIEWS}
          value={view}
          onChange={(view) => ask({ info: view === "words" ? undefined : view })}
        />
      }
    >
      {view === "words" && <Facts of={inWords(template, scopeOfApi(of.scope), of.scope_name)} />}
      {view === "json" && (
        <Text label="The template as JSON" tall>
          {JSON.stringify(template, null, 2)}
        </Text>
      )}
      {view === "revisions" && <Revisions of={of} />}
      {view !== "revisions" && (
        <Group gap="xs" justify="space-between">
          <Words size="xs" c="dimmed">
            Revision {of.revision}, saved <Time at={of.updated_at} whole />
            {of.updated_by && ` by ${of.updated_by}`}; made <Time at={of.created_at} whole />
          </Words>
          <CopyId id={of.id} label="Copy the integration's id" />
        </Group>
      )}
    </Panel>
  );
}
