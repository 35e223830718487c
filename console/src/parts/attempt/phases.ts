import type { Schemas } from "../../api/client";

/** From the start of connecting to the last byte of the answer. */
export const DEADLINE_US = 20_000_000;

/** One phase of an attempt: where it begins and how long it took, in microseconds. */
export interface PhaseSpan {
  phase: Schemas["Phase"];
  label: string;
  from: number;
  took: number;
  /** Whether the attempt went no further. */
  stopped: boolean;
}

const PHASES = [
  { phase: "resolve", key: "resolve_us", label: "Resolve the name" },
  { phase: "connect", key: "connect_us", label: "Connect" },
  { phase: "tls", key: "tls_us", label: "TLS handshake" },
  { phase: "send", key: "send_us", label: "Send the request" },
  { phase: "wait", key: "wait_us", label: "Wait for the first byte" },
  { phase: "receive", key: "receive_us", label: "Receive the answer" },
] as const;

/** The phases that happened, one behind the other; the one that was cut short lasts until the end. */
export function spans(
  timings: Schemas["Timings"],
  stoppedIn: Schemas["Phase"] | null | undefined,
): PhaseSpan[] {
  let from = 0;
  const found: PhaseSpan[] = [];
  for (const { phase, key, label } of PHASES) {
    const stopped = phase === stoppedIn;
    const took = timings[key] ?? (stopped ? Math.max(0, timings.total_us - from) : null);
    if (took === null) continue;
    found.push({ phase, label, from, took, stopped });
    from += took;
  }
  return found;
}

/**
 * How much time the bar spans. What comes near the deadline is shown against it; what is quick fills the bar, or
 * nothing of it would be seen.
 */
export function scale(total: number): { span: number; deadline: boolean } {
  return total * 5 >= DEADLINE_US
    ? { span: Math.max(total, DEADLINE_US) * 1.05, deadline: true }
    : { span: Math.max(1, total), deadline: false };
}

/** `85 µs`, `2.04 ms`, `12.3 s`. */
export function microseconds(value: number): string {
  if (value < 1_000) return `${value} µs`;
  if (value < 1_000_000) return `${digits(value / 1_000)} ms`;
  return `${digits(value / 1_000_000)} s`;
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}
