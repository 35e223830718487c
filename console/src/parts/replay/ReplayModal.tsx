import {
  Alert,
  Button,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { explained } from "../../api/client";
import { beginReplay, dryRun, type ReplayRequest } from "../../api/troubleshooting";
import { fieldError } from "../FormModal";
import { counted } from "../numbers";
import { Loading } from "../State";
import { Text as Literal } from "../attempt/Text";
import { Progress } from "./Progress";

/** What a replay is for: one delivery, what failed since then, or what would fire now and did not then. */
export type Wanted =
  | { intent: "resend"; delivery: string }
  | { intent: "recover" | "missing"; integration: string; since?: string };

const TITLES = {
  resend: "Send this event again",
  recover: "Recover what failed or was dropped",
  missing: "Replay events that did not fire it",
};

type Target = "endpoint" | "other";

/** Looks first, then sends: how many events, their first requests, where to, how fast; then how it goes. */
export function ReplayModal({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const [since, setSince] = useState("since" in wanted ? local(wanted.since) : "");
  const [target, setTarget] = useState<Target>("endpoint");
  const [to, setTo] = useState("");
  const [rate, setRate] = useState<string | number>(10);
  const [revision, setRevision] = useState<"now" | "then">("now");
  const request: ReplayRequest = {
    ...wanted,
    ...(wanted.intent !== "resend" && { since: since === "" ? null : new Date(since).toISOString() }),
    ...(target === "other" && { to: to.trim() }),
    ...(wanted.intent !== "resend" && { rate: Number(rate) }),
    revision,
  };
  const ready = target === "endpoint" || to.trim() !== "";
  const look = useQuery({
    queryKey: ["dry run", request],
    queryFn: () => dryRun(request),
    enabled: ready,
    retry: false,
    gcTime: 0,
  });
  const begin = useMutation({ mutationFn: () => beginReplay(request) });
  if (begin.data) {
    return (
      <Modal opened onClose={onClose} title={TITLES[wanted.intent]} size="lg">
        <Progress id={begin.data.id} onClose={onClose} />
      </Modal>
    );
  }
  const count = look.data?.count ?? 0;
  return (
    <Modal opened onClose={onClose} title={TITLES[wanted.intent]} size="lg">
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          if (ready && count > 0) begin.mutate();
        }}
      >
        <Stack gap="sm">
          {wanted.intent !== "resend" && (
            <Group grow align="flex-start">
              <TextInput
                type="datetime-local"
                step={1}
                label="Events that came in since"
                description="Empty: all that is kept"
                value={since}
                onChange={({ currentTarget }) => setSince(currentTarget.value)}
                error={fieldError(look.error, "since")}
              />
              <NumberInput
                label="Events a second"
                description="0.1 to 1,000, the oldest first"
                min={0.1}
                max={1_000}
                value={rate}
                onChange={setRate}
                error={fieldError(look.error, "rate")}
              />
            </Group>
          )}
          <Group gap="xl">
            <Choice
              label="Where to"
              value={target}
              onChange={setTarget}
              data={[
                { value: "endpoint", label: "Its own URL" },
                { value: "other", label: "Another URL or tester" },
              ]}
            />
            <Choice
              label="As it is"
              value={revision}
              onChange={setRevision}
              data={[
                { value: "now", label: "Saved now" },
                { value: "then", label: "It was then" },
              ]}
            />
          </Group>
          {target === "other" && (
            <TextInput
              label="URL, or the id of a test endpoint"
              description="A test: it passes the gate and is counted nowhere"
              value={to}
              onChange={({ currentTarget }) => setTo(currentTarget.value)}
              error={fieldError(look.error, "to")}
            />
          )}
          {ready && <Look look={look} />}
          {begin.error && (
            <Alert color="red" variant="light" title="Nothing was sent" role="alert">
              {explained(begin.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={begin.isPending} disabled={!ready || count === 0} data-autofocus>
              {count === 0 ? "Nothing to send" : `Send ${counted(count, "event")}`}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Choice<Value extends string>({
  label,
  value,
  data,
  onChange,
}: {
  label: string;
  value: Value;
  data: { value: Value; label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <SegmentedControl<Value> size="xs" aria-label={label} value={value} data={data} onChange={onChange} />
    </Stack>
  );
}

/** What would be sent, before it is. */
function Look({ look }: { look: ReturnType<typeof useQuery<Awaited<ReturnType<typeof dryRun>>>> }) {
  if (look.isPending) return <Loading rows={1} height={60} />;
  if (look.error) {
    return (
      <Alert color="red" variant="light" role="alert">
        {explained(look.error)}
      </Alert>
    );
  }
  const { count, requests, faults } = look.data;
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">
        {count === 0
          ? "No event fits: what was delivered since, or is on its way, is left out."
          : `${counted(count, "event")} would be sent${requests.length > 0 ? `; the first ${requests.length === 1 ? "request" : `${requests.length} requests`}:` : "."}`}
      </Text>
      {requests.map((request, at) => (
        <Literal key={`${at} ${request.url}`} label={`Request ${at + 1}`}>
          {`${request.method} ${request.url}${request.body ? `\n\n${request.body}` : ""}`}
        </Literal>
      ))}
      {faults.map((fault) => (
        <Alert key={fault} color="orange" variant="light">
          {fault}
        </Alert>
      ))}
    </Stack>
  );
}

/** A moment as the field for times has it: local, to the second. */
function local(at: string | undefined): string {
  if (at === undefined) return "";
  const date = new Date(at);
  // Rounded down: what happened in that second is part of it.
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
