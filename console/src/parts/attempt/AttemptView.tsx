import { Alert, Stack, Text, type TitleOrder } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";

import type { Schemas } from "../../api/client";
import { attempt as attemptQuery } from "../../api/integrations";
import { Failed, Loading } from "../State";
import { Actions } from "./Actions";
import classes from "./AttemptView.module.css";
import { FollowedSection } from "./Followed";
import { EventSection, type Look, RequestSection, ResponseSection } from "./Messages";
import { HeadingLevel } from "./Section";
import { TimingsSection } from "./Timings";

type Attempt = Schemas["Attempt"];

/** One attempt, whole, by its id. */
export function AttemptById({ id, level }: { id: string; level: TitleOrder }) {
  const { data, error, refetch } = useQuery(attemptQuery(id));
  if (data) return <AttemptView of={data} level={level} />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  return <Loading rows={1} height={520} />;
}

/** The evidence of an attempt: what went wrong first, then event, request, response, timings and what followed. */
export function AttemptView({
  of,
  level,
  alone = false,
}: {
  of: Attempt;
  level: TitleOrder;
  alone?: boolean;
}) {
  const [look, setLook] = useLocalStorage<Look>({ key: "fieldhook-look", defaultValue: "pretty" });
  return (
    <HeadingLevel value={level}>
      <Stack gap="sm">
        {of.outcome !== "success" && <Wrong of={of} />}
        <Actions of={of} look={look} onLook={setLook} alone={alone} />
        <div className={classes["evidence"]}>
          <EventSection of={of} look={look} />
          <RequestSection of={of} look={look} />
          <ResponseSection of={of} look={look} />
          <TimingsSection of={of} />
        </div>
        <FollowedSection of={of} />
      </Stack>
    </HeadingLevel>
  );
}

const WHILE: Record<Schemas["Phase"], string> = {
  gate: "asking the gate",
  render: "filling in the template",
  resolve: "resolving the name",
  connect: "connecting",
  tls: "in the TLS handshake",
  send: "sending the request",
  wait: "waiting for the answer",
  receive: "receiving the answer",
};

function Wrong({ of }: { of: Attempt }) {
  const skipped = of.outcome === "skipped";
  const what = skipped ? "Skipped" : (of.code ?? `Status ${of.status}`);
  const where = of.code && of.stopped_in ? `, ${WHILE[of.stopped_in]}` : "";
  const answer = of.response?.body;
  return (
    <Alert color={skipped ? "gray" : "red"} variant="light" role="note" p="sm" title={`${what}${where}`}>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {of.message ?? "It ended without a message."}
      </Text>
      {answer && !answer.binary && answer.text !== "" && (
        <Text size="sm" ff="monospace" fz={13} lineClamp={3} style={{ overflowWrap: "anywhere" }}>
          {answer.text.slice(0, 600)}
        </Text>
      )}
    </Alert>
  );
}
