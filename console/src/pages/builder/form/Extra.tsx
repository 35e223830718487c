import { Accordion, Divider, PasswordInput, SimpleGrid, Stack, TextInput } from "@mantine/core";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { formatOf } from "../model/payload";
import { anyOf, setAny, type Template, valueOf } from "../model/template";
import { Flag, MASK, MASK_HINT, Section } from "./fields";
import { PairsField } from "./PairsField";
import { Products } from "./Products";
import { Replies } from "./Replies";
import { Rules } from "./Rules";
import { Secrets } from "./Secrets";

/** Keys by which a template shows that its author has been here. */
const SETTINGS = [
  "noDefaults",
  "auth",
  "headers",
  "query",
  "responseTopic",
  "errorResponseTopic",
  "responseTemplate",
  "unchunked",
  "dataUrlResponseEvent",
  "rejectUnauthorized",
  "keepAlive",
  "retryPolicy",
  "successRule",
  "signingSecret",
  "secrets",
  "rateLimit",
];

/** Everything a webhook can have besides; open from the start when it has any of it. */
export function Extra() {
  const { template, scope } = useDraft();
  const used = SETTINGS.some((key) => valueOf(template, key));
  return (
    <Accordion
      variant="contained"
      defaultValue={used || scope.kind === "org" ? "extra" : null}
      order={2}
      chevronPosition="left"
    >
      <Accordion.Item value="extra">
        <Accordion.Control>Extra settings (advanced)</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="md">
            {scope.kind === "org" && <Products />}
            <Data />
            <Divider />
            <Auth />
            <Section title="HTTP headers">
              <PairsField of="headers" name="Header" value="Value" add="Add a header" />
            </Section>
            <Divider />
            <Replies />
            <Divider />
            <Rules />
            <Divider />
            <Secrets />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Data() {
  const { template } = useDraft();
  return (
    <Section title="Data">
      <Flag
        of="noDefaults"
        shows={false}
        label="Send the default data"
        description="event, data, coreid and published_at; off sends your own data only."
      />
      {formatOf(template) !== "query" && (
        <Section title="Query parameters" order={4} says="Added to the URL, whatever the request type.">
          <PairsField of="query" name="Parameter" value="Value" add="Add a parameter" />
        </Section>
      )}
    </Section>
  );
}

function Auth() {
  const { template, findings, edit } = useDraft();
  const auth = membersOf(template, "auth");
  const { username = "", password = "" } = auth;
  const change = (member: string) => (value: string) =>
    edit((template) => setAny(template, "auth", filled({ ...membersOf(template, "auth"), [member]: value })));
  return (
    <Section title="HTTP basic auth">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="User name"
          autoComplete="off"
          value={String(username)}
          error={errorOf(findings, "auth.username")}
          onChange={({ currentTarget }) => change("username")(currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="new-password"
          description={password === MASK ? MASK_HINT : undefined}
          value={String(password)}
          error={errorOf(findings, "auth.password")}
          onChange={({ currentTarget }) => change("password")(currentTarget.value)}
        />
      </SimpleGrid>
    </Section>
  );
}

/** The members of an object under a key; none when it is something else. */
export function membersOf(template: Template, key: string): Record<string, unknown> {
  const value = anyOf(template, key);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** An object without its empty members, or nothing when none is left. */
export function filled(members: Record<string, unknown>): Record<string, unknown> | undefined {
  const left = Object.entries(members).filter(
    ([, value]) => value !== "" && value !== undefined && value !== null,
  );
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
