import {
  Alert,
  Anchor,
  Button,
  Group,
  List,
  PasswordInput,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { explained } from "../../api/client";
import { apiScope, slugOf } from "../../api/scope";
import { useScope } from "../../frame/useScope";
import type { Preset } from "../../gallery";
import { Page } from "../../parts/Page";
import { keepSecret, secretNames } from "./secrets";

/**
 * What a preset needs before it can be built: what to prepare on the other side, one's own settings, and the
 * secrets. These are kept in the scope and never stand in the template; left empty, their variables stay in it.
 */
export function FillIn({
  preset,
  onFilled,
}: {
  preset: Preset;
  onFilled: (own: Record<string, string>) => void;
}) {
  const { scope } = useScope();
  const owner = apiScope(scope);
  const [own, setOwn] = useState<Record<string, string>>({});
  const [secrets, setSecrets] = useState<Record<string, string>>({});
  const { data: known = [] } = useQuery(secretNames(owner));
  const given = preset.secrets.filter(({ name }) => secrets[name]);
  const keep = useMutation({
    mutationFn: async () => {
      for (const { name } of given) await keepSecret(owner, name, secrets[name] ?? "");
    },
    onSuccess: () => onFilled(own),
  });
  return (
    <Page
      title={preset.title}
      above={[
        { label: "Integrations", to: `/${slugOf(scope)}/integrations` },
        { label: "Gallery", to: `/${slugOf(scope)}/gallery` },
      ]}
      says={preset.summary}
    >
      <form
        onSubmit={(submit) => {
          submit.preventDefault();
          keep.mutate();
        }}
      >
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="lg">
          <Prepare preset={preset} />
          <Stack gap="md">
            {preset.settings.length > 0 && (
              <Stack gap="sm">
                <Title order={2} size="h4">
                  Your settings
                </Title>
                {preset.settings.map(({ stands, title, hint }) => (
                  <TextInput
                    key={stands}
                    label={title}
                    description={hint}
                    placeholder={stands}
                    value={own[stands] ?? ""}
                    onChange={({ currentTarget: { value } }) =>
                      setOwn((own) => ({ ...own, [stands]: value.trim() }))
                    }
                  />
                ))}
              </Stack>
            )}
            {preset.secrets.length > 0 && (
              <Stack gap="sm">
                <div>
                  <Title order={2} size="h4">
                    Secrets
                  </Title>
                  <Text size="sm" c="dimmed">
                    Kept encrypted among the secrets of this scope and never shown again. Leave one empty to
                    add it later: its variable stays in the template.
                  </Text>
                </div>
                {preset.secrets.map(({ name, title, hint }) => (
                  <PasswordInput
                    key={name}
                    label={title}
                    description={
                      known.includes(name)
                        ? `${hint} ${name} has a value already; one typed here replaces it.`
                        : hint
                    }
                    placeholder={`{{{${name}}}}`}
                    autoComplete="new-password"
                    value={secrets[name] ?? ""}
                    onChange={({ currentTarget: { value } }) =>
                      setSecrets((secrets) => ({ ...secrets, [name]: value.trim() }))
                    }
                  />
                ))}
              </Stack>
            )}
            {keep.isError && (
              <Alert color="red" title="The secrets were not kept" role="alert">
                {explained(keep.error)}
              </Alert>
            )}
            <Group>
              <Button type="submit" loading={keep.isPending}>
                {given.length > 0 ? "Keep the secrets and go on" : "Go on"}
              </Button>
              <Text size="xs" c="dimmed">
                Nothing is sent or created yet.
              </Text>
            </Group>
          </Stack>
        </SimpleGrid>
      </form>
    </Page>
  );
}

function Prepare({ preset }: { preset: Preset }) {
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        Prepare on the other side
      </Title>
      <List type="ordered" spacing="xs" size="sm">
        {preset.prepare.map((step) => (
          <List.Item key={step}>{step}</List.Item>
        ))}
      </List>
      {preset.docs && (
        <Anchor href={preset.docs} target="_blank" rel="noreferrer" size="sm">
          What {preset.title} takes, in its own words
        </Anchor>
      )}
    </Stack>
  );
}
