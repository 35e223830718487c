import { Button, Checkbox, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { LEAST_PASSWORD } from "./limits";
import { answered, api, ApiError, explained } from "../../api/client";
import { fieldError } from "../../parts/FormModal";
import { said } from "../../parts/notify";

/** Creates accounts for others; administrators only. */
export function Accounts() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [administrator, setAdministrator] = useState(false);
  const ready = username.trim() !== "" && password.length >= LEAST_PASSWORD;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      answered(api.POST("/v1/users", { body: { username: username.trim(), password, administrator } })),
    onSuccess: () => {
      said(`${username.trim()} can sign in`);
      setUsername("");
      setPassword("");
      setAdministrator(false);
    },
  });
  const elsewhere = error instanceof ApiError && ["username", "password"].includes(error.field ?? "");
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        if (ready) mutate();
      }}
    >
      <Stack gap="sm" maw={440}>
        <Title order={2} size="h4">
          Create an account
        </Title>
        <Text size="sm" c="dimmed">
          Tell the person their password in a safe way: they change it under Settings. To work on a product,
          they must also be on its team.
        </Text>
        <TextInput
          label="E-mail address"
          type="email"
          autoComplete="off"
          value={username}
          error={fieldError(error, "username")}
          onChange={({ currentTarget }) => setUsername(currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          description={`${LEAST_PASSWORD} characters or more`}
          autoComplete="new-password"
          value={password}
          error={fieldError(error, "password")}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <Checkbox
          label="May create accounts too"
          checked={administrator}
          onChange={({ currentTarget }) => setAdministrator(currentTarget.checked)}
        />
        {error && !elsewhere && (
          <Text size="sm" c="red" role="alert">
            {explained(error)}
          </Text>
        )}
        <Button type="submit" style={{ alignSelf: "flex-start" }} disabled={!ready} loading={isPending}>
          Create account
        </Button>
      </Stack>
    </form>
  );
}
