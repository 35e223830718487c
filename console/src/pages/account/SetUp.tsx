import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { ApiError, explained } from "../../api/client";
import { setUp } from "../../api/queries";
import { Door, SHOW } from "./Door";

const SHORTEST = 8;

/** The first start: the one-time link makes the first administrator. */
export default function SetUp() {
  const { token } = useSearch({ from: "/setup" });
  if (token === undefined || token === "") return <NoToken />;
  return (
    <Door
      title="Set up this server"
      says="You are the first here. The account you make now is its administrator; it can make accounts for others."
    >
      <Form token={token} />
    </Door>
  );
}

function NoToken() {
  return (
    <Door title="Set up this server">
      <Text size="sm">
        The set-up link carries a one-time token, and this address has none. Copy the whole link that the
        server printed when it first started.
      </Text>
      <ToSignIn />
    </Door>
  );
}

function Form({ token }: { token: string }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: () => setUp(token, username.trim(), password),
    onSuccess: () => navigate({ to: "/", replace: true }),
  });
  const error = make.error;
  const field = error instanceof ApiError ? error.field : undefined;
  const short = password !== "" && password.length < SHORTEST;
  function submit(form: FormEvent) {
    form.preventDefault();
    make.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {error && field === undefined && <Refused error={error} />}
        <TextInput
          label="E-mail address"
          type="email"
          name="username"
          autoComplete="username"
          // The form is all that the page is for.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          required
          withAsterisk={false}
          value={username}
          error={field === "username" && explained(error)}
          onChange={(change) => setUsername(change.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          visibilityToggleButtonProps={SHOW}
          description={`At least ${SHORTEST} characters.`}
          name="password"
          autoComplete="new-password"
          minLength={SHORTEST}
          required
          withAsterisk={false}
          value={password}
          error={field === "password" && explained(error)}
          onChange={(change) => setPassword(change.currentTarget.value)}
        />
        <Button type="submit" mt="xs" fullWidth loading={make.isPending} disabled={short}>
          Make the account and sign in
        </Button>
      </Stack>
    </form>
  );
}

function Refused({ error }: { error: Error }) {
  const spent = error instanceof ApiError && error.status === 403;
  if (!spent) {
    return (
      <Alert color="red" variant="light" icon={<IconAlertTriangle />} role="alert" p="sm">
        {explained(error)}
      </Alert>
    );
  }
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      role="alert"
      title="This link does not work any more"
    >
      <Stack gap="xs">
        <Text size="sm">
          Its token is unknown, or somebody has used it already. If that was you, sign in. If nobody has set
          this server up yet, start it again: while it has no account it prints a fresh link each time.
        </Text>
        <ToSignIn />
      </Stack>
    </Alert>
  );
}

function ToSignIn() {
  return (
    <Anchor component={Link} to="/sign-in" size="sm">
      To the sign-in
    </Anchor>
  );
}
