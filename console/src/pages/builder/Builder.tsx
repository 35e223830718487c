import { Alert, Badge, Button, Stack, Tabs, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { slugOf } from "../../api/scope";
import { Code } from "../../parts/Code";
import { Page } from "../../parts/Page";
import classes from "./Builder.module.css";
import { useDraft } from "./draft";
import { Basic } from "./form/Basic";
import { Extra } from "./form/Extra";
import { Inserting } from "./Inserting";
import { Leaving } from "./Leaving";
import { marksIn } from "./model/findings";
import { Preview } from "./preview/Preview";
import { Save } from "./Save";

/** The builder: a form and a text over the same template, and beside them what it would send. */
export function Builder({ title, back, children }: { title: string; back: string; children?: ReactNode }) {
  const { scope, dirty } = useDraft();
  const list = `/${slugOf(scope)}/integrations`;
  const [leaving, setLeaving] = useState(false);
  return (
    <Page
      title={title}
      above={[{ label: "Integrations", to: list }]}
      actions={
        <>
          {dirty && (
            <Badge variant="dot" color="orange" tt="none">
              Unsaved changes
            </Badge>
          )}
          <Button variant="default" component={Link} to={back}>
            Cancel
          </Button>
          <Save onSaved={() => setLeaving(true)} />
        </>
      }
    >
      <Leaving when={dirty && !leaving} />
      {children}
      <Inserting>
        <div className={classes.columns}>
          <Editor />
          <Preview />
        </div>
      </Inserting>
    </Page>
  );
}

/** The two tabs. A text that is no JSON has no form; the form waits, and the text stays as it is. */
function Editor() {
  const { fault } = useDraft();
  const [tab, setTab] = useState<string | null>("form");
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="form" disabled={fault !== undefined}>
          Webhook builder
        </Tabs.Tab>
        <Tabs.Tab value="text">Custom template</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="form">
        <Stack gap="lg">
          <Basic />
          <Extra />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="text">
        <CustomTemplate />
      </Tabs.Panel>
    </Tabs>
  );
}

function CustomTemplate() {
  const { text, fault, findings, setText } = useDraft();
  const marks = fault
    ? [{ level: "error" as const, message: fault.message, line: fault.line, column: fault.column }]
    : marksIn(text, findings);
  return (
    <Stack gap="xs">
      {fault && (
        <Alert
          color="red"
          variant="light"
          p="xs"
          icon={<IconAlertTriangle />}
          title="This is no JSON"
          role="alert"
        >
          Line {fault.line}, column {fault.column}: {fault.message}. The form opens again when this is mended;
          nothing is lost.
        </Alert>
      )}
      <Code
        label="Custom template"
        value={text}
        onChange={setText}
        marks={marks}
        minHeight={360}
        maxHeight={720}
      />
      <Text size="xs" c="dimmed">
        The template as it is saved, in Particle's keys. Keys that are not known are kept.
      </Text>
    </Stack>
  );
}
