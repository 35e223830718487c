import { Badge, Group, Text, UnstyledButton } from "@mantine/core";
import type { KeyboardEvent } from "react";

import { FAULTS } from "./answer";
import { type Caught, target } from "./request";
import classes from "./tester.module.css";
import { bytes } from "../../parts/numbers";
import { Time } from "../../parts/Time";

/** What was caught, the newest first; arrow keys go up and down. */
export function RequestList({
  requests,
  chosen,
  choose,
}: {
  requests: Caught[];
  chosen: number | undefined;
  choose: (number: number) => void;
}) {
  return (
    <ul className={classes.list} aria-label="Requests">
      {requests.map((request) => (
        <li key={request.number}>
          <UnstyledButton
            className={classes.row}
            aria-current={request.number === chosen}
            onClick={() => choose(request.number)}
            onKeyDown={arrows}
          >
            <Group gap={6} wrap="nowrap" justify="space-between">
              <Text size="sm" ff="monospace" className="one-line">
                <b>{request.method}</b> {target(request) || "/"}
              </Text>
              <Answered request={request} />
            </Group>
            <Group gap={6} wrap="nowrap" justify="space-between">
              <Text size="xs" c="dimmed">
                #{request.number} · {bytes(request.body.bytes)}
              </Text>
              <Text size="xs" c="dimmed">
                <Time at={request.at} />
              </Text>
            </Group>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}

/** How a request was answered: the status, or what was done wrong instead. */
export function Answered({ request: { status, fault } }: { request: Caught }) {
  const well = fault === "none" && status != null && status < 300;
  return (
    <Badge variant="light" color={well ? "blue" : "red"} tt="none" size="sm" style={{ flex: "none" }}>
      {fault === "none" ? status : FAULTS[fault].label}
    </Badge>
  );
}

function arrows(press: KeyboardEvent<HTMLButtonElement>) {
  const steps: Record<string, "nextElementSibling" | "previousElementSibling"> = {
    ArrowDown: "nextElementSibling",
    ArrowUp: "previousElementSibling",
  };
  const step = steps[press.key];
  const row = press.currentTarget.closest("li");
  if (!step || !row) return;
  press.preventDefault();
  const button = row[step]?.querySelector("button");
  button?.focus();
  button?.click();
}
