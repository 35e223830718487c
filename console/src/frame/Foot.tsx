import { Anchor, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import classes from "./Frame.module.css";
import { status } from "../api/queries";

/** What belongs to the server and to no scope: is it us, what can be called, which version is it. */
export function Foot() {
  const { data } = useQuery(status);
  return (
    <Group gap="sm" px={4} className={classes["foot"]}>
      <Anchor href="/status" target="_blank" size="xs" c="dimmed">
        Status
      </Anchor>
      <Anchor href="/docs" target="_blank" size="xs" c="dimmed">
        API
      </Anchor>
      <Text size="xs" c="dimmed" ml="auto" title="The server’s version">
        {data?.version}
      </Text>
    </Group>
  );
}
