import { Box, Button, Group, Indicator, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconInbox, IconSearch } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { clear } from "./queries";
import { RequestList } from "./RequestList";
import { RequestView } from "./RequestView";
import classes from "./tester.module.css";
import { useCaught } from "./useCaught";
import type { Schemas } from "../../api/client";
import type { Connection } from "../../live/useLive";
import { Confirm } from "../../parts/Confirm";
import { LoadMore } from "../../parts/LoadMore";
import { said } from "../../parts/notify";
import { counted } from "../../parts/numbers";
import { Empty, Failed, Loading } from "../../parts/State";

/** What the endpoint has caught, as it comes. The newest is open until another is chosen. */
export function Requests({ endpoint, may }: { endpoint: Schemas["Endpoint"]; may: boolean }) {
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 250);
  const [chosen, choose] = useState<number>();
  const caught = useCaught(endpoint.id, q);
  const { requests } = caught;
  const open = requests.find(({ number }) => number === chosen) ?? requests[0];
  const newer = requests.filter(({ number }) => open && number > open.number).length;
  return (
    <Stack gap="xs" component="section" aria-label="Requests caught">
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <Title order={2} size="h4">
            Requests
          </Title>
          <Listening connection={caught.connection} />
        </Group>
        <Group gap="xs">
          {newer > 0 && (
            <Button size="xs" variant="light" onClick={() => choose(undefined)}>
              Follow the newest ({newer} since)
            </Button>
          )}
          <TextInput
            size="xs"
            w={240}
            aria-label="Search in requests"
            placeholder="In path, headers or body"
            leftSection={<IconSearch size={14} aria-hidden />}
            value={text}
            onChange={(change) => setText(change.currentTarget.value)}
          />
          {may && <Clear endpoint={endpoint} disabled={requests.length === 0 && q === ""} />}
        </Group>
      </Group>
      {caught.isPending && <Loading rows={5} height={50} />}
      {caught.isError && <Failed error={caught.error} retry={() => void caught.refetch()} />}
      {caught.data && requests.length === 0 && <Nothing q={q} />}
      {open && (
        <Box className={classes.split}>
          <Stack gap="xs">
            <RequestList requests={requests} chosen={open.number} choose={choose} />
            <LoadMore
              more={caught.hasNextPage}
              loading={caught.isFetchingNextPage}
              load={caught.fetchNextPage}
            />
          </Stack>
          <RequestView request={open} url={endpoint.url} settings={endpoint.answer} />
        </Box>
      )}
    </Stack>
  );
}

function Listening({ connection }: { connection: Connection }) {
  const words = { connecting: "Connecting", open: "Listening", lost: "Connection lost, trying again" };
  return (
    <Group gap={12} wrap="nowrap" role="status">
      <Indicator
        color={connection === "open" ? "teal" : "orange"}
        size={8}
        position="middle-center"
        w={8}
        h={8}
        aria-hidden
      />
      <Text size="sm" c="dimmed">
        {words[connection]}
      </Text>
    </Group>
  );
}

function Clear({ endpoint, disabled }: { endpoint: Schemas["Endpoint"]; disabled: boolean }) {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const act = async () => {
    await clear(endpoint.id);
    await queries.invalidateQueries({ queryKey: ["tester", endpoint.id] });
    said("The requests are forgotten");
  };
  return (
    <>
      <Button size="xs" variant="default" disabled={disabled} onClick={() => setAsking(true)}>
        Clear
      </Button>
      {asking && (
        <Confirm title="Forget the requests?" action="Clear" act={act} onClose={() => setAsking(false)}>
          This endpoint has caught {counted(endpoint.caught, "request")}. Those that are still kept are
          forgotten; the endpoint and its answers stay.
        </Confirm>
      )}
    </>
  );
}

function Nothing({ q }: { q: string }) {
  return q === "" ? (
    <Empty icon={<IconInbox />} title="Nothing yet">
      What is sent to the address above appears here at once.
    </Empty>
  ) : (
    <Empty icon={<IconSearch />} title="Nothing found">
      No request that is still kept holds “{q}”.
    </Empty>
  );
}
