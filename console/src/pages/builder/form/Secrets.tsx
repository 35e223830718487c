import { ActionIcon, Button, Group, MultiSelect, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { useDraft } from "../draft";
import { errorOf } from "../model/findings";
import { secretsOf, setSecrets, setText } from "../model/template";
import { secretNames } from "../secrets";
import { Section, TextField } from "./fields";
import { NewSecret } from "./NewSecret";

/** Signs requests, and says which of the scope's secrets the webhook may use. */
export function Secrets() {
  const { apiScope, template, findings, edit } = useDraft();
  const [adding, { open, close }] = useDisclosure();
  const { data: known = [], isError, isSuccess } = useQuery(secretNames(apiScope));
  const chosen = secretsOf(template);
  const missing = isSuccess ? chosen.filter((name) => !known.includes(name)) : [];
  return (
    <Section title="Secrets" says="Kept encrypted, never shown again; each is a variable of its own name.">
      <Group align="flex-start" gap="xs" wrap="nowrap">
        <MultiSelect
          flex={1}
          label="Secrets to expose"
          placeholder={chosen.length === 0 ? "None" : undefined}
          data={[...new Set([...known, ...chosen])]}
          value={chosen}
          error={
            errorOf(findings, "secrets") ??
            (isError ? "The names of the secrets could not be loaded" : undefined)
          }
          onChange={(names) => edit((template) => setSecrets(template, names))}
          searchable
        />
        <Button mt={25} flex="none" variant="default" leftSection={<IconPlus size={14} />} onClick={open}>
          New
        </Button>
      </Group>
      {missing.length > 0 && (
        <Text size="xs" c="var(--mantine-color-error)">
          No value is kept yet for {missing.join(", ")}: requests cannot be made until there is one.
        </Text>
      )}
      <Group align="flex-start" gap="xs" wrap="nowrap">
        <TextField
          of="signingSecret"
          flex={1}
          label="Signing secret"
          placeholder="whsec_…"
          description="Signs every request by Standard Webhooks, so that the endpoint knows it is yours."
        />
        <Tooltip label="Make one up">
          <ActionIcon
            mt={44}
            size={36}
            variant="default"
            aria-label="Make up a signing secret"
            onClick={() => edit((template) => setText(template, "signingSecret", madeUp()))}
          >
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {adding && (
        <NewSecret
          missing={missing}
          onAdded={(name) =>
            edit((template) => setSecrets(template, [...new Set([...secretsOf(template), name])]))
          }
          onClose={close}
        />
      )}
    </Section>
  );
}

/** A key of 32 bytes, as Standard Webhooks writes it. */
function madeUp(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}
