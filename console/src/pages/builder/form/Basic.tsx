import { Input, SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { flagOf, isOdd, methodOf, METHODS, setFlag, setText } from "../model/template";
import { DevicePicker } from "./DevicePicker";
import { Section, TextField } from "./fields";
import { Payload } from "./Payload";

/** What every webhook has: what fires it, where it goes, and what it sends. */
export function Basic() {
  const { scope } = useDraft();
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <TextField of="name" label="Name" placeholder="What people call it" />
        <TextField of="event" label="Event name" required placeholder="temperature" />
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt={-6}>
        Every event whose name begins so fires the webhook, upper and lower case apart.
      </Text>
      <TextField
        of="url"
        label="URL"
        required
        placeholder="https://example.com/readings"
        data-insert="double"
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <RequestType />
        <Status />
        {scope.kind === "me" && <DevicePicker />}
      </SimpleGrid>
      <Section title="Request format" order={2}>
        <Payload />
      </Section>
    </Stack>
  );
}

function RequestType() {
  const { template, findings, edit } = useDraft();
  const method = methodOf(template);
  return (
    <Select
      label="Request type"
      data={METHODS}
      // What the template has and no method is called is shown as an error, not as another method.
      value={METHODS.find((known) => known === method) ?? null}
      placeholder={method}
      allowDeselect={false}
      disabled={isOdd(template, "requestType")}
      error={errorOf(findings, "requestType")}
      onChange={(chosen) => edit((template) => setText(template, "requestType", chosen ?? "POST"))}
    />
  );
}

function Status() {
  const { template, edit } = useDraft();
  return (
    <Input.Wrapper label="Status" labelElement="div">
      <SegmentedControl
        aria-label="Status"
        fullWidth
        disabled={isOdd(template, "disabled")}
        data={[
          { value: "on", label: "Enabled" },
          { value: "off", label: "Disabled" },
        ]}
        value={flagOf(template, "disabled") ? "off" : "on"}
        onChange={(value) => edit((template) => setFlag(template, "disabled", value === "off"))}
      />
    </Input.Wrapper>
  );
}
