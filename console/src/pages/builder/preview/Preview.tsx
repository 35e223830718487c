import { Group, Loader, Stack, Text, Title } from "@mantine/core";

import classes from "../Builder.module.css";
import { useDraft } from "../draft";
import { sorted } from "../model/findings";
import { Failed } from "../../../parts/State";
import { EventChoice } from "./EventChoice";
import { Findings } from "./Findings";
import { RequestView } from "./RequestView";
import { SendTest } from "./SendTest";
import { Variables } from "./Variables";

/** The request exactly as it would be sent for a real event, what is to be said of it, and a way to send it. */
export function Preview() {
  const { rendered, fault, begun } = useDraft();
  const { data, isPlaceholderData, isError, error, refetch } = rendered;
  return (
    <Stack gap="md" component="section" aria-label="Live preview" className={classes.preview}>
      <Group justify="space-between" h={24} wrap="nowrap">
        <Title order={2} size="h4">
          Live preview
        </Title>
        {isPlaceholderData && <Loader size="xs" role="img" aria-label="Rendering" />}
      </Group>
      <EventChoice />
      {fault && (
        <Text size="sm" c="dimmed">
          The custom template is no JSON at the moment; below is the last one that was.
        </Text>
      )}
      {isError && <Failed error={error} retry={() => void refetch()} />}
      {begun ? (
        <Stack gap="md">
          <RequestView request={data?.request} loading={!data && !isError} />
          {data && <Findings kinds={sorted(data.findings)} current={!isPlaceholderData} />}
        </Stack>
      ) : (
        <Text size="sm" c="dimmed">
          Give an event name and a URL: the request they make is shown here, exactly as it would be sent.
        </Text>
      )}
      <Variables />
      <SendTest />
    </Stack>
  );
}
