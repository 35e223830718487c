import type { Schemas } from "../../api/client";
import type { Names } from "./terms";

/** Whether the event is a reply of an integration. Beside them the server makes alerts. */
export function isReply({ coreid, source }: Schemas["Event"]): boolean {
  return coreid === "particle-internal" && source !== "server";
}

/** The device that published, if a device did. */
export function deviceOf({ coreid }: Schemas["Event"]): string | undefined {
  return /^[0-9a-f]{24}$/.test(coreid) ? coreid : undefined;
}

/** Who published, in as few words as a column has room for. */
export function publisher(event: Schemas["Event"], names: Names): string {
  const device = deviceOf(event);
  if (device !== undefined) return names.get(device) ?? `…${device.slice(-8)}`;
  return event.coreid === "particle-internal" ? "–" : "A person";
}

/** How an event reached the server, in a word. A reply did not: it was made here. */
export function sourceOf(event: Schemas["Event"]): string {
  return isReply(event) ? "Reply" : SOURCE[event.source];
}

const SOURCE: Record<Schemas["Source"], string> = {
  http: "HTTP",
  mqtt: "MQTT",
  upstream: "Upstream",
  console: "Console",
  test: "Test",
  server: "Alert",
};
