import { Group, Indicator, Text } from "@mantine/core";

/** Whether a device's last event came within the last 15 minutes, as a dot and a word. */
export function Online({ is, heard }: { is: boolean; heard: boolean }) {
  return (
    <Group gap={8} wrap="nowrap">
      <Indicator color={is ? "teal" : "gray.5"} size={8} w={8} h={8} position="middle-center" aria-hidden />
      <Text size="sm" span c={is ? undefined : "dimmed"}>
        {is ? "Online" : heard ? "Quiet" : "Never heard"}
      </Text>
    </Group>
  );
}
