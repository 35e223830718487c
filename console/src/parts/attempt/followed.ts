import type { Schemas } from "../../api/client";

type FollowedBy = Schemas["FollowedBy"];

/** Reply events of one topic: a whole answer, in its parts. */
export interface Replies {
  topic: string;
  parts: FollowedBy[];
  bytes: number;
  /** Listeners that the best heard part reached. */
  listeners: number;
  operations: number;
}

/** Puts the parts of an answer together, in the order of their first part. */
export function byTopic(followed: FollowedBy[]): Replies[] {
  const topics = new Map<string, FollowedBy[]>();
  for (const [at, reply] of followed.entries()) {
    const topic = topicOf(reply.name, followed[at - 1]?.name);
    topics.set(topic, [...(topics.get(topic) ?? []), reply]);
  }
  return [...topics].map(([topic, parts]) => ({
    topic,
    parts,
    bytes: sum(parts, "bytes"),
    operations: sum(parts, "operations"),
    listeners: Math.max(...parts.map(({ listeners }) => listeners)),
  }));
}

/**
 * A name without its part. `hook-sent/…` has none; elsewhere a number at the end is one when it is the first, or
 * follows the part before it: an event may itself be called `sensor/7`.
 */
function topicOf(name: string, before: string | undefined): string {
  const [, topic = "", part = ""] = /^(.*)\/(\d+)$/s.exec(name) ?? [];
  if (topic === "" || name.startsWith("hook-sent/")) return name;
  const follows = before === `${topic}/${Number(part) - 1}`;
  return part === "0" || follows ? topic : name;
}

function sum(parts: FollowedBy[], of: "bytes" | "operations"): number {
  return parts.reduce((total, part) => total + part[of], 0);
}
