import { Group, Stack, Text, Tooltip } from "@mantine/core";

import type { Schemas } from "../../../api/client";
import { Code } from "../../../parts/Code";
import { Outcome } from "../../../parts/Outcome";
import { duration } from "../../../parts/Time";
import classes from "../Builder.module.css";
import { Headers } from "./RequestView";

/** How a test ended: its status, how long each phase took, and what came back. */
export function Result({ attempt }: { attempt: Schemas["Attempt"] }) {
  const { outcome, code, status, message, origin, duration_ms, response, timings } = attempt;
  return (
    <Stack gap="xs" role="status">
      <Group gap="xs">
        <Outcome outcome={outcome} code={code} status={status} />
        <Text size="sm">{duration(duration_ms)}</Text>
        <Text size="sm" c="dimmed">
          {origin}
        </Text>
      </Group>
      {message && (
        <Text size="sm" c={outcome === "success" ? "dimmed" : "red"} className={classes.wrap}>
          {message}
        </Text>
      )}
      <Phases timings={timings} />
      {response && (
        <>
          <Headers headers={response.headers} />
          {response.body.text === "" ? (
            <Text size="xs" c="dimmed">
              No body
            </Text>
          ) : (
            <Code
              label="Answer of the endpoint"
              readOnly
              language={response.body.binary ? "text" : "json"}
              value={response.body.text}
              minHeight={60}
              maxHeight={260}
            />
          )}
        </>
      )}
    </Stack>
  );
}

const PHASES = [
  ["resolve_us", "Resolve", "var(--mantine-color-grape-5)"],
  ["connect_us", "Connect", "var(--mantine-color-cyan-5)"],
  ["tls_us", "TLS", "var(--mantine-color-violet-5)"],
  ["send_us", "Send", "var(--mantine-color-teal-5)"],
  ["wait_us", "Wait", "var(--mantine-color-blue-5)"],
  ["receive_us", "Receive", "var(--mantine-color-green-5)"],
] as const;

/** Where the time went. */
function Phases({ timings }: { timings: Schemas["Timings"] }) {
  const phases = PHASES.flatMap(([key, label, color]) => {
    const took = timings[key];
    return took ? [{ label, color, took }] : [];
  });
  const total = phases.reduce((sum, { took }) => sum + took, 0);
  if (total === 0) return null;
  return (
    <Stack gap={4}>
      <div className={classes.bar} aria-hidden>
        {phases.map(({ label, color, took }) => (
          <Tooltip key={label} label={`${label}: ${exact(took)}`}>
            <div style={{ width: `${(took / total) * 100}%`, background: color }} />
          </Tooltip>
        ))}
      </div>
      <Text size="xs" c="dimmed">
        {phases.map(({ label, took }) => `${label} ${exact(took)}`).join(" · ")}
      </Text>
    </Stack>
  );
}

/** A time in milliseconds; local endpoints answer in fractions of one. */
function exact(microseconds: number): string {
  return microseconds < 10_000 ? `${(microseconds / 1_000).toFixed(1)} ms` : duration(microseconds / 1_000);
}
