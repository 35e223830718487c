import {
  Alert as Notice,
  Anchor,
  Button,
  Checkbox,
  Code,
  Fieldset,
  Group,
  Stack,
  Switch,
  TagsInput,
  Text,
  Title,
} from "@mantine/core";
import { IconMailOff, IconPlus, IconSend } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  type AlertKind,
  type AlertSettings,
  type Channels,
  channels,
  setChannels,
  tryOut,
} from "../../api/alerts";
import { session } from "../../api/queries";
import { apiScope } from "../../api/scope";
import { atLeast, useScope } from "../../frame/useScope";
import { KINDS } from "../../parts/alertKinds";
import { fieldError } from "../../parts/FormModal";
import { complained, said } from "../../parts/notify";
import { Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";

/** Where the alerts of a scope go: to webhooks, by e-mail, and always to the bell. */
export function Alerts() {
  const { scope } = useScope();
  const { data, isPending, isError, error, refetch } = useQuery(channels(apiScope(scope)));
  if (isPending) return <Loading rows={4} height={56} />;
  if (isError) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Stack gap="lg" maw={720}>
      <Text size="sm" c="dimmed">
        An alert tells once of each cause: an integration that fails, a destination that falls asleep, a
        device that falls silent. It always rings the bell; here is where else it goes.
      </Text>
      <Webhooks of={data} />
      <Mail key={JSON.stringify(data.recipients)} of={data} />
      <Try />
    </Stack>
  );
}

function Webhooks({ of }: { of: Channels }) {
  const { slug, role } = useScope();
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Webhooks
      </Title>
      <Text size="sm">
        Each alert is an event whose name begins with <Code>fieldhook/alert/</Code>. An integration that fires
        on it takes it to a chat or a pager, and is logged, retried and replayed as any other.
      </Text>
      {of.integrations.map(({ id, name, prefix, disabled }) => (
        <Text key={id} size="sm">
          <Anchor component={Link} to={`/${slug}/integrations/${id}`}>
            {name ?? prefix}
          </Anchor>{" "}
          fires on <Code>{prefix}</Code>
          {disabled && ", and is disabled"}
        </Text>
      ))}
      {atLeast(role, "developer") && (
        <Group>
          <Button
            variant="light"
            leftSection={<IconPlus size={16} />}
            renderRoot={(props) => (
              <Link
                {...props}
                to="/$scope/integrations/new"
                params={{ scope: slug }}
                search={{ event: "fieldhook/alert/" }}
              />
            )}
          >
            New webhook for alerts
          </Button>
          <Button
            variant="subtle"
            renderRoot={(props) => (
              <Link
                {...props}
                to="/$scope/gallery"
                params={{ scope: slug }}
                search={{ category: "Alerts" }}
              />
            )}
          >
            From the gallery
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Mail({ of }: { of: Channels }) {
  const { scope, role } = useScope();
  const queries = useQueryClient();
  const me = useQuery(session).data?.user.username;
  const [recipients, setRecipients] = useState(of.recipients);
  const [mailed, setMailed] = useState<AlertKind[]>(of.mailed);
  const [silence, setSilence] = useState(of.silence);
  const save = useMutation({
    mutationFn: (settings: AlertSettings) => setChannels(apiScope(scope), settings),
    onSuccess: (saved) => {
      queries.setQueryData(channels(apiScope(scope)).queryKey, saved);
      said("The alert settings are kept");
    },
  });
  const may = atLeast(role, "developer");
  const wrong = fieldError(save.error, "recipients");
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        E-mail
      </Title>
      {!of.can_mail && (
        <Notice color="orange" variant="light" icon={<IconMailOff />} title="This server cannot mail">
          Whoever runs it names a mail server: <Code>fieldhook serve --smtp-url … --mail-from …</Code>
        </Notice>
      )}
      {of.last_mail?.error && (
        <Notice color="red" variant="light" icon={<IconMailOff />} title="The last mail was not taken">
          <Time at={of.last_mail.at} whole />: {of.last_mail.error}
        </Notice>
      )}
      <TagsInput
        label="Addresses"
        description="At most twenty. No more than one mail a minute: what comes in between is in the next."
        placeholder={recipients.length === 0 ? "ops@example.com" : ""}
        data={me && !recipients.includes(me) ? [me] : []}
        maxTags={20}
        value={recipients}
        readOnly={!may}
        error={wrong}
        onChange={setRecipients}
      />
      <Fieldset legend="Mailed are" disabled={!may}>
        <Stack gap="xs">
          {(Object.keys(KINDS) as AlertKind[]).map((kind) => (
            <Checkbox
              key={kind}
              label={KINDS[kind].says}
              checked={mailed.includes(kind)}
              onChange={({ currentTarget: { checked } }) =>
                setMailed((kinds) => (checked ? [...kinds, kind] : kinds.filter((other) => other !== kind)))
              }
            />
          ))}
        </Stack>
      </Fieldset>
      <Switch
        label="Watch for silence"
        description="Tell of devices and integrations that stop in the middle of a steady rhythm."
        checked={silence}
        disabled={!may}
        onChange={({ currentTarget }) => setSilence(currentTarget.checked)}
      />
      {save.isError && !wrong && <Failed error={save.error} />}
      {may && (
        <Group>
          <Button loading={save.isPending} onClick={() => save.mutate({ recipients, mailed, silence })}>
            Keep
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** Sends a test on every way, and says what came of each. */
function Try() {
  const { scope, role } = useScope();
  const queries = useQueryClient();
  const test = useMutation({
    mutationFn: () => tryOut(apiScope(scope)),
    onError: (error) => complained("The test was not sent", error),
    onSettled: () => queries.invalidateQueries({ queryKey: channels(apiScope(scope)).queryKey }),
  });
  if (!atLeast(role, "support")) return null;
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Try it
      </Title>
      <Group>
        <Button
          variant="default"
          leftSection={<IconSend size={16} />}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          Send a test alert
        </Button>
      </Group>
      <div role="status">
        {test.data && (
          <Stack gap={2}>
            <Text size="sm">
              {test.data.triggered.length === 0
                ? "No webhook fires on alerts."
                : `It fired ${test.data.triggered.map(({ name, prefix }) => name ?? prefix).join(", ")}: the log there shows what came of it.`}
            </Text>
            <Text size="sm">
              {test.data.mailed == null
                ? "Nobody is mailed."
                : test.data.mailed
                  ? "The mail server took the mail."
                  : `The mail was not sent: ${test.data.mail_error ?? ""}`}
            </Text>
          </Stack>
        )}
      </div>
    </Stack>
  );
}
