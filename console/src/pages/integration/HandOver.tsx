import {
  ActionIcon,
  Alert,
  Button,
  CopyButton,
  Group,
  Modal,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconDownload, IconLink, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { type Asked, caseAs, caseLinks, makeCaseLink, revokeCaseLink } from "../../api/cases";
import { explained } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { complained } from "../../parts/notify";
import { nameOf } from "../../parts/standing";
import { Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import classes from "./Integration.module.css";

const HOUR = 3_600_000;
const WINDOWS = [
  { value: "1", label: "The last hour" },
  { value: "24", label: "The last 24 hours" },
  { value: "168", label: "The last 7 days" },
  { value: "720", label: "The last 30 days" },
];
const LIVES = [
  { value: "86400", label: "for a day" },
  { value: "604800", label: "for 7 days" },
  { value: "2592000", label: "for 30 days" },
];

/** Everything about the integration in one file or behind a link, looked at before it is handed on. */
export function HandOver({ of, onClose }: { of: IntegrationStory; onClose: () => void }) {
  const [now] = useState(Date.now);
  const [hours, setHours] = useState("24");
  const [missing, setMissing] = useState("");
  const asked: Asked = {
    since: new Date(now - Number(hours) * HOUR).toISOString(),
    missing: missing.split(/[\s,]+/).filter((id) => id !== ""),
  };
  const page = useQuery({
    queryKey: ["case", of.id, asked],
    queryFn: () => caseAs("html", of.id, asked),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  return (
    <Modal opened onClose={onClose} size={960} title={`Hand over ${nameOf(of)}`}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          What is wrong and the proof, attempts in full, revisions, the gate and the server, in one file.
          Secrets are masked; look at it all the same before you hand it on.
        </Text>
        <Group grow align="flex-start">
          <Select
            label="Window"
            data={WINDOWS}
            value={hours}
            allowDeselect={false}
            onChange={(chosen) => setHours(chosen ?? "24")}
          />
          <TextInput
            label="Events said to be missing"
            placeholder="Ids, with commas between them"
            value={missing}
            onChange={({ currentTarget }) => setMissing(currentTarget.value)}
          />
        </Group>
        {page.isPending && <Loading rows={1} height={360} />}
        {page.error && (
          <Alert color="red" variant="light" role="alert">
            {explained(page.error)}
          </Alert>
        )}
        {page.data && !page.error && (
          <>
            {/* Without any permission: what devices and servers sent is in it. */}
            <iframe className={classes["case"]} title="The case as a page" sandbox="" srcDoc={page.data} />
            <Downloads of={of} page={page.data} asked={asked} />
          </>
        )}
        <Links of={of} asked={asked} />
      </Stack>
    </Modal>
  );
}

function Downloads({ of, page, asked }: { of: IntegrationStory; page: string; asked: Asked }) {
  const json = useMutation({
    mutationFn: () => caseAs("json", of.id, asked),
    onSuccess: (text) => save(`case-${of.id}.json`, text, "application/json"),
    onError: (error) => complained("The case was not downloaded", error),
  });
  return (
    <Group gap="xs">
      <Button
        size="xs"
        leftSection={<IconDownload size={14} aria-hidden />}
        onClick={() => save(`case-${of.id}.html`, page, "text/html")}
      >
        Download the page
      </Button>
      <Button size="xs" variant="default" loading={json.isPending} onClick={() => json.mutate()}>
        Download as JSON
      </Button>
    </Group>
  );
}

function save(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function Links({ of, asked }: { of: IntegrationStory; asked: Asked }) {
  const [life, setLife] = useState("604800");
  const queries = useQueryClient();
  const { data } = useQuery(caseLinks(of.id));
  const again = () => queries.invalidateQueries({ queryKey: ["case links", of.id] });
  const make = useMutation({
    mutationFn: () => makeCaseLink(of.id, asked, Number(life)),
    onSuccess: again,
    onError: (error) => complained("No link was made", error),
  });
  const revoke = useMutation({
    mutationFn: (link: string) => revokeCaseLink(of.id, link),
    onSuccess: again,
    onError: (error) => complained("The link was not revoked", error),
  });
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLink size={14} aria-hidden />}
          loading={make.isPending}
          onClick={() => make.mutate()}
        >
          Make a link
        </Button>
        <Select
          aria-label="How long the link lasts"
          size="xs"
          w={130}
          data={LIVES}
          value={life}
          allowDeselect={false}
          onChange={(chosen) => setLife(chosen ?? "604800")}
        />
        <Text size="xs" c="dimmed">
          Whoever has it reads the case as it is now, without signing in.
        </Text>
      </Group>
      {make.data?.url && <Made url={make.data.url} />}
      {data?.map((link) => (
        <Group key={link.id} gap="xs">
          <Text size="sm">
            Made <Time at={link.made_at} whole /> by {link.made_by}, ends <Time at={link.expires_at} whole />
          </Text>
          <ActionIcon
            variant="subtle"
            color="red"
            size="sm"
            aria-label="Revoke this link"
            onClick={() => revoke.mutate(link.id)}
          >
            <IconTrash size={14} />
          </ActionIcon>
        </Group>
      ))}
    </Stack>
  );
}

function Made({ url }: { url: string }) {
  return (
    <Alert variant="light" color="teal" title="Shown this once" role="status">
      <Group gap="xs">
        <code className="literal">{url}</code>
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}
