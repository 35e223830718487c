import { expect, test } from "vitest";

import { eventName, type Example, examples, subscription, type Subject } from "./firmware";

const subject = (facts: Partial<Subject> = {}): Subject => ({
  event: "temperature",
  scope: { kind: "me", user: "1" },
  template: {},
  server: "http://fieldhook.local:8080",
  ...facts,
});

const PRODUCT = { kind: "product", id: 42 } as const;

function code(key: Example["key"], of: Subject): string {
  return examples(of).find((example) => example.key === key)?.code ?? "";
}

test("a user's integration answers under the event's name, a product's under the device's id", () => {
  expect(subscription(subject())).toEqual([{ text: "hook-response/temperature" }]);
  expect(subscription(subject({ scope: PRODUCT }))).toEqual([
    { device: true },
    { text: "/hook-response/temperature" },
  ]);
});

test("a response topic of one's own is what is subscribed to", () => {
  const template = { responseTopic: "{{PARTICLE_DEVICE_ID}}/{{{PARTICLE_EVENT_NAME}}}/done" };
  expect(subscription(subject({ template }))).toEqual([{ device: true }, { text: "/temperature/done" }]);
  expect(subscription(subject({ template: { responseTopic: "" } }))).toBeNull();
});

test("what is filled in from data is left off the end, for a subscription is a prefix", () => {
  const template = { responseTopic: "answer/{{zone}}/{{{PARTICLE_EVENT_NAME}}}" };
  expect(subscription(subject({ template }))).toEqual([{ text: "answer/" }]);
});

test("a prefix that is made to be continued is continued", () => {
  expect([eventName("alarm/"), eventName("temperature")]).toEqual(["alarm/example", "temperature"]);
});

test("Device OS publishes the event and subscribes with the device's own id", () => {
  const firmware = code("device-os", subject({ scope: PRODUCT }));
  expect(firmware).toContain('Particle.publish("temperature", "21.5");');
  expect(firmware).toContain(
    'Particle.subscribe(System.deviceID() + "/hook-response/temperature", onAnswer);',
  );
  expect(code("device-os", subject())).toContain(
    'Particle.subscribe("hook-response/temperature", onAnswer);',
  );
});

test("a topic with text before the id is a String from its first word on", () => {
  const template = { responseTopic: "to/{{PARTICLE_DEVICE_ID}}" };
  expect(code("device-os", subject({ template }))).toContain(
    'Particle.subscribe(String("to/") + System.deviceID(), onAnswer);',
  );
});

test("an integration without answers subscribes to nothing, in any language", () => {
  const silent = subject({ template: { responseTopic: "" } });
  for (const { code } of examples(silent)) {
    expect(code).toContain("sends no answers back");
    expect(code).not.toMatch(/subscribe\(|curl -N|particle subscribe|hear\(\)/);
  }
});

test("names with quotes stay within their quotes", () => {
  const nasty = subject({ event: `a"b'c` });
  expect(code("device-os", nasty)).toContain(String.raw`Particle.publish("a\"b'c", "21.5");`);
  expect(code("curl", nasty)).toContain(String.raw`'name=a"b'\''c'`);
  expect(code("curl", nasty)).toContain("/v1/devices/events/hook-response/a%22b'c");
  expect(code("cli", nasty)).toContain(String.raw`particle publish 'a"b'\''c' 21.5`);
});

test("the command line works in the product, where a person publishes as api", () => {
  const commands = code("cli", subject({ scope: PRODUCT }));
  expect(commands).toContain("particle profile set apiUrl http://fieldhook.local:8080");
  expect(commands).toContain("particle subscribe api/hook-response/temperature --product 42");
  expect(commands).toContain("particle publish temperature 21.5 --product 42");
});

test("Arduino speaks TLS only to a server that does", () => {
  expect(code("arduino", subject())).not.toContain("WiFiClientSecure");
  expect(code("arduino", subject({ server: "https://fieldhook.example" }))).toContain("WiFiClientSecure");
});
