import { Alert, Button, Group, Modal, PasswordInput, Select, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { tokens } from "./queries";
import { answered, api, type Schemas } from "../../api/client";
import { session } from "../../api/queries";
import { CopyId } from "../../parts/CopyId";
import { fieldError, FormModal } from "../../parts/FormModal";

const DAY = 86_400;
const LIVES = [
  { value: String(DAY), label: "1 day" },
  { value: String(30 * DAY), label: "30 days" },
  { value: String(90 * DAY), label: "90 days" },
  { value: String(365 * DAY), label: "1 year" },
  { value: "0", label: "Until it is revoked" },
];

/** Makes a token, for which the server wants the password again, and shows it this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const { data: signedIn } = useQuery(session);
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const [life, setLife] = useState(String(90 * DAY));
  const [made, setMade] = useState<Schemas["TokenAnswer"]>();

  const make = async () => {
    const body = {
      grant_type: "password",
      username: signedIn?.user.username ?? "",
      password,
      client_id: "fieldhook",
      client_secret: "fieldhook",
      expires_in: Number(life),
    };
    setMade(await answered(api.POST("/oauth/token", { body, ...AS_FORM })));
    await queries.invalidateQueries({ queryKey: tokens.queryKey });
  };

  if (made) return <Shown token={made.access_token} onClose={onClose} />;
  return (
    <FormModal
      title="New token"
      action="Make token"
      ready={password !== ""}
      act={make}
      // The window stays, to show what was made.
      done={() => {}}
      onClose={onClose}
    >
      {(error) => (
        <>
          <Select
            label="Ends after"
            data={LIVES}
            value={life}
            allowDeselect={false}
            onChange={(life) => setLife(life ?? "0")}
          />
          <PasswordInput
            label="Your password"
            description="A token can do all that you can, so the server makes sure that it is you."
            autoComplete="current-password"
            data-autofocus
            value={password}
            error={fieldError(error, "password")}
            onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </>
      )}
    </FormModal>
  );
}

function Shown({ token, onClose }: { token: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="The new token" closeOnClickOutside={false}>
      <Stack gap="md">
        <CopyId id={token} label="Copy token" />
        <Alert color="yellow" variant="light">
          <Text size="sm">Copy it now: it is not shown again.</Text>
        </Alert>
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** OAuth has its requests as forms. */
const AS_FORM = {
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (body: object) =>
    new URLSearchParams(Object.entries(body).map(([name, value]) => [name, String(value)])),
};
