import { ApiError, call } from "../../api/client";
import { base, type Scope } from "../../api/scope";

/** Who an event comes from: the person, in the scope that is shown, or a device by its own token. */
export type As = { kind: "scope"; scope: Scope } | { kind: "device"; token: string };

/** Publishes an event, and answers its id. */
export async function publish(as: As, name: string, data: string): Promise<string> {
  const body = { name, ...(data === "" ? {} : { data }) };
  if (as.kind === "device") return byDevice(as.token, body);
  const path = as.scope.kind === "me" ? "/v1/devices/events" : `${base(as.scope)}/events`;
  return (await call<{ id: string }>("POST", path, body)).id;
}

/** With the device's token in place of the session: the server then takes the event as the device's. */
async function byDevice(token: string, body: object): Promise<string> {
  const response = await fetch("/v1/devices/events", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.status === 401)
    throw new ApiError(400, {
      error_description: "The server does not know this device token.",
      field: "token",
    });
  if (!response.ok) throw new ApiError(response.status, answer);
  return String(answer["id"]);
}

/** Why the server would not take this name; nothing when it would. */
export function faultOfName(name: string): string | undefined {
  if (/^(particle|spark|iotjs)/.test(name))
    return "Names that begin with particle, spark or iotjs are reserved.";
  if (name.length > 64) return `The name has ${name.length} characters; 64 are the most.`;
  if (/[^\x20-\x7e]/.test(name)) return "Only letters, digits and signs of ASCII can stand in a name.";
  if (name !== name.trim()) return "A name neither begins nor ends with a space.";
  return undefined;
}

/** What a name brings with it that its author may not expect. */
export function noteOnName(name: string): string | undefined {
  const reply = /(?:^|\/)hook-(?:sent|response|error)\//.test(name);
  return reply ? "This looks like a reply of an integration, and triggers none." : undefined;
}
