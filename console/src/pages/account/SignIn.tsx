import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";

import { ApiError, explained } from "../../api/client";
import { session, signIn } from "../../api/queries";
import { Door, SHOW } from "./Door";
import { inside } from "./inside";
import { useWait } from "./useWait";

/** E-mail address and password, and on to where the person wanted to go. */
export default function SignIn() {
  const { to } = useSearch({ from: "/sign-in" });
  const { data: signedIn } = useQuery(session);
  if (signedIn) return <Navigate to="." href={inside(to)} replace />;
  return (
    <Door title="Sign in">
      <Form />
      <Text size="sm" c="dimmed">
        No account? An administrator of this server can make you one. On a new server, open the set-up link
        that it printed when it first started.
      </Text>
    </Door>
  );
}

function Form() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [seconds, wait] = useWait();
  const field = useRef<HTMLInputElement>(null);
  const enter = useMutation({
    mutationFn: () => signIn(username.trim(), password),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 429) wait(error.retryAfter ?? 1);
      field.current?.focus();
      field.current?.select();
    },
  });
  function submit(form: FormEvent) {
    form.preventDefault();
    enter.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {enter.error && (seconds > 0 || !isWait(enter.error)) && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle />} role="alert" p="sm">
            {seconds > 0 ? tooOften(seconds) : wrong(enter.error)}
          </Alert>
        )}
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
          onChange={(change) => setUsername(change.currentTarget.value)}
        />
        <PasswordInput
          ref={field}
          label="Password"
          visibilityToggleButtonProps={SHOW}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(change) => setPassword(change.currentTarget.value)}
        />
        <Button type="submit" mt="xs" fullWidth loading={enter.isPending} disabled={seconds > 0}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function isWait(error: Error): boolean {
  return error instanceof ApiError && error.status === 429;
}

function wrong(error: Error): string {
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 400);
  return refused ? "This e-mail address and this password do not belong together." : explained(error);
}

function tooOften(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const long = seconds > 90 ? `${minutes} minutes` : `${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return `Too many sign-ins from your address have failed. Try again in ${long}.`;
}
