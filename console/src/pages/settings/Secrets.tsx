import {
  Button,
  Code,
  Group,
  PasswordInput,
  Stack,
  Table,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { IconLock, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { isSecretName } from "./limits";
import { secrets } from "./queries";
import { answered, api } from "../../api/client";
import { apiScope } from "../../api/scope";
import { atLeast, useScope } from "../../frame/useScope";
import { Confirm } from "../../parts/Confirm";
import { fieldError, FormModal } from "../../parts/FormModal";
import { said } from "../../parts/notify";
import { Empty, Failed, Loading } from "../../parts/State";

/** What is being done: a new secret, another value for one, or an end to one. */
type Doing = { what: "add" } | { what: "replace" | "delete"; name: string } | null;

/** The secrets of the scope, by name; their values go in and never come out. */
export function Secrets() {
  const { scope, role } = useScope();
  const { data, isPending, isError, error, refetch } = useQuery(secrets(apiScope(scope)));
  const [doing, setDoing] = useState<Doing>(null);
  const may = atLeast(role, "developer");
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Text size="sm" c="dimmed" maw={620}>
          Keys and passwords that integrations send. A template names one as <Code>{"{{API_KEY}}"}</Code> and
          lists it under the secrets to expose; logs show it masked. Its value is kept encrypted and never
          shown.
        </Text>
        {may && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setDoing({ what: "add" })}>
            New secret
          </Button>
        )}
      </Group>
      {isPending && <Loading rows={3} height={42} />}
      {isError && <Failed error={error} retry={() => void refetch()} />}
      {data?.length === 0 && (
        <Empty icon={<IconLock />} title="No secrets here">
          {may
            ? "Add one before you build a webhook to a service that wants a key."
            : "Whoever has the developer role here can add some."}
        </Empty>
      )}
      {data && data.length > 0 && <Names names={data.map(({ name }) => name)} may={may} ask={setDoing} />}
      {doing && doing.what !== "delete" && (
        <SecretForm name={doing.what === "replace" ? doing.name : undefined} onClose={() => setDoing(null)} />
      )}
      {doing?.what === "delete" && <Delete name={doing.name} onClose={() => setDoing(null)} />}
    </Stack>
  );
}

function Names({ names, may, ask }: { names: string[]; may: boolean; ask: (doing: Doing) => void }) {
  return (
    <Table layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          {may && (
            <Table.Th w={170}>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          )}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {names.map((name) => (
          <Table.Tr key={name}>
            <Table.Td>
              <Code style={{ overflowWrap: "anywhere" }}>{name}</Code>
            </Table.Td>
            {may && (
              <Table.Td>
                <Group gap={4} justify="flex-end" wrap="nowrap">
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`Replace ${name}`}
                    onClick={() => ask({ what: "replace", name })}
                  >
                    Replace
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={`Delete ${name}`}
                    onClick={() => ask({ what: "delete", name })}
                  >
                    Delete
                  </Button>
                </Group>
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function SecretForm({ name: known, onClose }: { name: string | undefined; onClose: () => void }) {
  const { scope } = useScope();
  const queries = useQueryClient();
  const [name, setName] = useState(known ?? "");
  const [value, setValue] = useState("");
  const taken = useQuery(secrets(apiScope(scope))).data?.some((secret) => secret.name === name);
  const wrong = name !== "" && !isSecretName(name);
  const save = async () => {
    const params = { path: { name }, query: { scope: apiScope(scope) } };
    await answered(api.PUT("/fieldhook/v1/secrets/{name}", { params, body: { value } }));
    await queries.invalidateQueries({ queryKey: ["secrets"] });
    said(known || taken ? `${name} is replaced` : `${name} is kept`);
  };
  return (
    <FormModal
      title={known ? `Replace ${known}` : "New secret"}
      action={known || taken ? "Replace" : "Keep"}
      ready={isSecretName(name) && value !== ""}
      act={save}
      onClose={onClose}
    >
      {(error) => (
        <>
          {known === undefined && (
            <TextInput
              label="Name"
              description={
                taken ? "There is one of this name: it is replaced" : "Letters, digits, _ and -; 64 at most"
              }
              autoComplete="off"
              data-autofocus
              value={name}
              error={wrong ? "A name is 1 to 64 letters, digits, _ or -" : fieldError(error, "name")}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
          )}
          <PasswordInput
            label="Value"
            description={known && "Integrations that use it send the new one from now on."}
            autoComplete="off"
            data-autofocus={known !== undefined}
            value={value}
            error={fieldError(error, "value")}
            onChange={({ currentTarget }) => setValue(currentTarget.value)}
          />
        </>
      )}
    </FormModal>
  );
}

function Delete({ name, onClose }: { name: string; onClose: () => void }) {
  const { scope } = useScope();
  const queries = useQueryClient();
  const remove = async () => {
    const params = { path: { name }, query: { scope: apiScope(scope) } };
    await answered(api.DELETE("/fieldhook/v1/secrets/{name}", { params }));
    await queries.invalidateQueries({ queryKey: ["secrets"] });
    said(`${name} is deleted`);
  };
  return (
    <Confirm title={`Delete ${name}?`} action="Delete secret" act={remove} onClose={onClose}>
      Integrations that use it send an empty value from now on, which most services answer with 401.
    </Confirm>
  );
}
