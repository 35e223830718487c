import type { Schemas } from "../../api/client";
import { byTopic } from "../../parts/attempt/followed";

/** What answers were like, over the attempts looked at. */
export interface Answers {
  attempts: number;
  /** The usual size of an answer's body, and the largest. */
  bytes: { median: number; most: number };
  /** The usual number of reply parts, and the most. */
  parts: { median: number; most: number };
  /** The most listeners that one reply reached. */
  listeners: number;
  /** Whether any answer was a page for people. */
  html: boolean;
}

/** Sums up the answers of some attempts; none when none was answered. */
export function answersOf(attempts: Schemas["Attempt"][]): Answers | null {
  const answered = attempts.filter(({ response }) => response != null);
  if (answered.length === 0) return null;
  const sizes = answered.map(({ response }) => response?.body.bytes ?? 0);
  const parts = answered.map(({ followed_by }) =>
    byTopic(followed_by)
      .filter(({ topic }) => !topic.startsWith("hook-sent/"))
      .reduce((sum, reply) => sum + reply.parts.length, 0),
  );
  return {
    attempts: answered.length,
    bytes: { median: median(sizes), most: Math.max(...sizes) },
    parts: { median: median(parts), most: Math.max(...parts) },
    listeners: Math.max(
      0,
      ...answered.flatMap(({ followed_by }) => followed_by.map(({ listeners }) => listeners)),
    ),
    html: answered.some(({ response }) => /^\s*<(!doctype html|html)/i.test(response?.body.text ?? "")),
  };
}

function median(values: number[]): number {
  const inOrder = values.toSorted((a, b) => a - b);
  return inOrder[Math.floor(inOrder.length / 2)] ?? 0;
}

/** Operations for each publish that fired the integration, beside the publish's own; none when nothing fired it. */
export function perTrigger(line: { received: number; triggers: number }): number | null {
  return line.triggers === 0 ? null : line.received / line.triggers;
}
