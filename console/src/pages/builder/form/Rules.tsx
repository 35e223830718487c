import { NumberInput, Select, SimpleGrid, TagsInput, Text, TextInput } from "@mantine/core";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { anyOf, isOdd, setAny, setText, textOf } from "../model/template";
import { filled, membersOf } from "./Extra";
import { Flag, Section } from "./fields";

const POLICIES = [
  { value: "standard", label: "Standard: again after 30 s and 60 s, when it may pass" },
  { value: "skipped", label: "Skipped events only, at the same times" },
  { value: "extended", label: "Extended: ever more patiently, up to 24 h" },
  { value: "none", label: "None, skipped events included" },
];

/** How the request is made, what counts as success, and what happens when it is not. */
export function Rules() {
  const { template, findings, edit } = useDraft();
  return (
    <Section title="Delivery">
      <Flag
        of="rejectUnauthorized"
        label="Enforce SSL"
        description="Off also sends to an endpoint whose certificate cannot be verified."
      />
      <Flag
        of="keepAlive"
        label="Keep connections open"
        description="Off opens one for every request: for endpoints that close kept ones without a word."
      />
      <Select
        label="Retry policy"
        placeholder="The server's default"
        clearable
        data={POLICIES}
        value={textOf(template, "retryPolicy") ?? null}
        disabled={isOdd(template, "retryPolicy")}
        error={errorOf(findings, "retryPolicy")}
        onChange={(policy) => edit((template) => setText(template, "retryPolicy", policy ?? ""))}
      />
      <RateLimit />
      <SuccessRule />
    </Section>
  );
}

function RateLimit() {
  const { template, findings, edit } = useDraft();
  const value = anyOf(template, "rateLimit");
  const { perSecond = value, burst } = membersOf(template, "rateLimit");
  const change = (rate: unknown, burst: unknown) =>
    edit((template) =>
      setAny(
        template,
        "rateLimit",
        burst ? filled({ perSecond: rate, burst }) : rate === "" ? undefined : rate,
      ),
    );
  return (
    <SimpleGrid cols={2} spacing="sm">
      <NumberInput
        label="Rate limit"
        suffix=" / s"
        min={0.001}
        max={100_000}
        placeholder="None"
        value={shown(perSecond)}
        error={errorOf(findings, "rateLimit")}
        onChange={(rate) => change(rate, burst)}
      />
      <NumberInput
        label="Burst"
        min={1}
        allowDecimal={false}
        placeholder="A second's worth"
        disabled={shown(perSecond) === ""}
        value={shown(burst)}
        onChange={(burst) => change(perSecond, burst)}
      />
    </SimpleGrid>
  );
}

function shown(value: unknown): number | string {
  return typeof value === "number" || typeof value === "string" ? value : "";
}

function SuccessRule() {
  const { template, findings, edit } = useDraft();
  const rule = membersOf(template, "successRule");
  const { contains = "", path = "", equals, statuses } = rule;
  const listed = (Array.isArray(statuses) ? statuses : statuses === undefined ? [] : [statuses]).map(String);
  const change = (members: Record<string, unknown>) =>
    edit((template) =>
      setAny(template, "successRule", filled({ ...membersOf(template, "successRule"), ...members })),
    );
  return (
    <Section title="Success rule" order={4} says="What makes an answer a success besides a 2xx status.">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="The body contains"
          value={String(contains)}
          onChange={({ currentTarget }) => change({ contains: currentTarget.value })}
        />
        <TagsInput
          label="Statuses that count too"
          placeholder={listed.length === 0 ? "404" : undefined}
          value={listed}
          onChange={(tags) => change({ statuses: tags.length > 0 ? tags.map(wholeOr) : undefined })}
        />
        <TextInput
          label="In the JSON, the value at"
          placeholder="result.ok"
          value={String(path)}
          onChange={({ currentTarget }) => change({ path: currentTarget.value })}
        />
        <TextInput
          label="equals"
          placeholder="true"
          value={equals === undefined ? "" : typeof equals === "string" ? equals : JSON.stringify(equals)}
          onChange={({ currentTarget }) => change({ equals: simple(currentTarget.value) })}
        />
      </SimpleGrid>
      {errorOf(findings, "successRule") && (
        <Text size="xs" c="var(--mantine-color-error)">
          {errorOf(findings, "successRule")}
        </Text>
      )}
    </Section>
  );
}

/** A number, true or false as such; anything else is text. */
function simple(text: string): unknown {
  return /^(?:true|false|-?\d+(?:\.\d+)?)$/.test(text) ? JSON.parse(text) : text;
}

function wholeOr(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
