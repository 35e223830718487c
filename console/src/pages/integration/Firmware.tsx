import { Button, CopyButton, Tabs } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import type { IntegrationStory } from "../../api/shapes";
import { scopeOfApi } from "../../api/scope";
import { Text } from "../../parts/attempt/Text";
import { examples } from "./firmware";
import { templateOf } from "./words";
import classes from "./Integration.module.css";

/** The publish that triggers the integration and the subscribe that hears its answer, in its own names. */
export function Firmware({ of }: { of: IntegrationStory }) {
  const all = examples({
    event: of.event,
    scope: scopeOfApi(of.scope),
    template: templateOf(of.record),
    server: globalThis.location.origin,
  });
  return (
    <Tabs defaultValue="device-os" keepMounted={false}>
      <Tabs.List>
        {all.map(({ key, label }) => (
          <Tabs.Tab key={key} value={key}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {all.map(({ key, label, code }) => (
        <Tabs.Panel key={key} value={key} pt="sm" className={classes["example"]}>
          <Text label={`Example: ${label}`} tall>
            {code}
          </Text>
          <CopyButton value={code}>
            {({ copied, copy }) => (
              <Button
                size="compact-xs"
                variant="default"
                onClick={copy}
                leftSection={
                  copied ? <IconCheck size={13} aria-hidden /> : <IconCopy size={13} aria-hidden />
                }
              >
                Copy
              </Button>
            )}
          </CopyButton>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
