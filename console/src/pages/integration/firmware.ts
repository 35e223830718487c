import type { Scope } from "../../api/scope";
import { standardTopic, type Template } from "./words";

/** What the examples are written for. */
export interface Subject {
  /** The integration's prefix. */
  event: string;
  scope: Scope;
  template: Template;
  /** Where the server is, as devices reach it. */
  server: string;
}

/** One way to publish what triggers the integration, and to hear its answer. */
export interface Example {
  key: "device-os" | "arduino" | "curl" | "cli";
  label: string;
  code: string;
}

/** The same for every kind of device and tool, in this integration's own names. */
export function examples(subject: Subject): Example[] {
  return [
    { key: "device-os", label: "Device OS (C++)", code: deviceOs(subject) },
    { key: "arduino", label: "Arduino or ESP32, over HTTP", code: arduino(subject) },
    { key: "curl", label: "curl", code: curl(subject) },
    { key: "cli", label: "particle-cli", code: cli(subject) },
  ];
}

/** An event name that the prefix matches: a prefix made to be continued is continued. */
export function eventName(prefix: string): string {
  return /[/_.:-]$/.test(prefix) ? `${prefix}example` : prefix;
}

/** A piece of a topic: text, or the id of the device that published. */
export type Piece = { text: string } | { device: true };

const TAG = /\{\{\{?&?\s*([^{}\s]+)\s*\}?\}\}/;

/**
 * What to subscribe to for the answers: the topic, as far as it is known before an event comes. A subscription is
 * a prefix, so what is filled in from the data may be left off its end. None when nothing is sent.
 */
export function subscription({ event, scope, template }: Subject): Piece[] | null {
  const own = template["responseTopic"];
  if (own === "") return null;
  let rest = typeof own === "string" ? own : standardTopic(scope);
  const pieces: Piece[] = [];
  const push = (text: string) => {
    const last = pieces.at(-1);
    if (last && "text" in last) last.text += text;
    else if (text !== "") pieces.push({ text });
  };
  for (;;) {
    const tag = TAG.exec(rest);
    push(tag ? rest.slice(0, tag.index) : rest);
    if (!tag) return pieces;
    const name = tag[1] ?? "";
    if (/^(PARTICLE_DEVICE_ID|SPARK_CORE_ID)$/.test(name)) pieces.push({ device: true });
    else if (/^(PARTICLE|SPARK)_EVENT_NAME$/.test(name)) push(eventName(event));
    else return pieces;
    rest = rest.slice(tag.index + tag[0].length);
  }
}

/** The subscription as one text, with a word of the language at hand for the device's id. */
function asText(pieces: Piece[], device: string): string {
  return pieces.map((piece) => ("text" in piece ? piece.text : device)).join("");
}

const NO_ANSWER = "This integration sends no answers back: its response topic is empty.";
const ANY_ANSWER = "The response topic begins with data of the event: put what yours will be here.";

function deviceOs(subject: Subject): string {
  const pieces = subscription(subject);
  const hears = pieces ? [`  Particle.subscribe(${expression(pieces)}, onAnswer);`] : [`  // ${NO_ANSWER}`];
  return [
    `#include "Particle.h"`,
    ``,
    ...(pieces ? [...handler(subject), ``] : []),
    `void setup() {`,
    ...(pieces?.length === 0 ? [`  // ${ANY_ANSWER}`] : []),
    ...hears,
    `}`,
    ``,
    `void loop() {`,
    `  Particle.publish(${literal(eventName(subject.event))}, "21.5");`,
    `  delay(60000);`,
    `}`,
  ].join("\n");
}

function handler({ template }: Subject): string[] {
  const why =
    template["unchunked"] === true
      ? `// The whole answer comes in one event.`
      : `// Long answers come in parts of 512 bytes; the event's name ends in /0, /1, /2, …`;
  return [
    why,
    `void onAnswer(const char *event, const char *data) {`,
    `  Log.info("%s: %s", event, data);`,
    `}`,
  ];
}

/** A C++ expression of the type String for a topic. */
function expression(pieces: Piece[]): string {
  if (pieces.every((piece) => "text" in piece)) return literal(asText(pieces, ""));
  const words = pieces.map((piece) => ("text" in piece ? literal(piece.text) : "System.deviceID()"));
  // A sum of two literals is no String.
  return pieces[0] && "text" in pieces[0]
    ? `String(${words[0]}) + ${words.slice(1).join(" + ")}`
    : words.join(" + ");
}

/** A C++ string literal. */
function literal(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', String.raw`\"`)}"`;
}

function arduino(subject: Subject): string {
  const pieces = subscription(subject);
  const secure = subject.server.startsWith("https:");
  const body = JSON.stringify({ name: eventName(subject.event), data: "21.5" });
  return [
    `#include <WiFi.h>`,
    `#include <HTTPClient.h>`,
    ...(secure ? [`#include <WiFiClientSecure.h>`] : []),
    ``,
    `const char *SERVER = ${literal(subject.server)};`,
    `const char *DEVICE_TOKEN = "…";  // from the device's page`,
    ``,
    ...(secure
      ? [`WiFiClientSecure network;  // network.setCACert(…) with your certificate authority`]
      : [`WiFiClient network;`]),
    ``,
    `void publish() {`,
    `  HTTPClient http;`,
    `  http.begin(network, String(SERVER) + "/v1/devices/events");`,
    `  http.addHeader("Authorization", String("Bearer ") + DEVICE_TOKEN);`,
    `  http.addHeader("Content-Type", "application/json");`,
    `  int status = http.POST(${literal(body)});`,
    `  Serial.printf("published: %d\\n", status);`,
    `  http.end();`,
    `}`,
    ``,
    ...(pieces ? [...arduinoHears(pieces), ``] : [`// ${NO_ANSWER}`, ``]),
    `void setup() {`,
    `  Serial.begin(115200);`,
    `  WiFi.begin("network", "password");`,
    `  while (WiFi.status() != WL_CONNECTED) delay(100);`,
    `  publish();`,
    `}`,
    ``,
    `void loop() {`,
    ...(pieces ? [`  hear();`] : [`  delay(60000);`, `  publish();`]),
    `}`,
  ].join("\n");
}

function arduinoHears(pieces: Piece[]): string[] {
  const path = `/v1/devices/events/${asText(pieces, "").split("/").map(encodeURIComponent).join("/")}`;
  const parts = pieces.map((piece) =>
    "text" in piece ? literal(piece.text.split("/").map(encodeURIComponent).join("/")) : "DEVICE_ID",
  );
  const device = pieces.some((piece) => "device" in piece);
  return [
    ...(device ? [`const char *DEVICE_ID = "…";  // 24 hex digits`, ``] : []),
    `// Prints the answers as they come. The stream stays open.`,
    `void hear() {`,
    `  HTTPClient http;`,
    ...(pieces.length === 0 ? [`  // ${ANY_ANSWER}`] : []),
    device
      ? `  http.begin(network, String(SERVER) + "/v1/devices/events/" + ${parts.join(" + ")});`
      : `  http.begin(network, String(SERVER) + ${literal(path)});`,
    `  http.addHeader("Authorization", String("Bearer ") + DEVICE_TOKEN);`,
    `  if (http.GET() == 200)`,
    `    while (http.connected())`,
    `      if (http.getStream().available())`,
    `        Serial.println(http.getStream().readStringUntil('\\n'));`,
    `  http.end();`,
    `}`,
  ];
}

function curl(subject: Subject): string {
  const pieces = subscription(subject);
  const auth = `  -H "Authorization: Bearer $DEVICE_TOKEN"`;
  const publish = [
    `# As a device, with the token from its page.`,
    `curl ${subject.server}/v1/devices/events \\`,
    `${auth} \\`,
    `  --data-urlencode ${word(`name=${eventName(subject.event)}`)} \\`,
    `  --data-urlencode 'data=21.5'`,
  ];
  if (!pieces) return [...publish, ``, `# ${NO_ANSWER}`].join("\n");
  const path = pieces
    .map((piece) =>
      "text" in piece ? piece.text.split("/").map(encodeURIComponent).join("/") : "$DEVICE_ID",
    )
    .join("");
  return [
    `# In another window, first: the answers as they come.`,
    ...(pieces.length === 0 ? [`# ${ANY_ANSWER}`] : []),
    `curl -N "${subject.server}/v1/devices/events/${path}" \\`,
    auth,
    ``,
    ...publish,
  ].join("\n");
}

function cli(subject: Subject): string {
  const { scope, server, event } = subject;
  const product =
    scope.kind === "me" ? "" : scope.kind === "product" ? ` --product ${scope.id}` : ` --org ${scope.id}`;
  const pieces = subscription(subject);
  const name = eventName(event);
  // A person publishes as `api`: that stands where a device's id would.
  const hears =
    pieces === null
      ? [`# ${NO_ANSWER}`]
      : [
          `# In another window, first: the answers as they come.`,
          ...(pieces.length === 0 ? [`# ${ANY_ANSWER}`] : []),
          `particle subscribe ${word(asText(pieces, "api"))}${product}`,
        ];
  return [
    `# Once: tell the command line where the server is.`,
    `particle profile set apiUrl ${server}`,
    `particle login`,
    ``,
    ...hears,
    ``,
    `particle publish ${word(name)} 21.5${product}`,
  ].join("\n");
}

/** A word of a shell command: quoted only where it must be. */
function word(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
