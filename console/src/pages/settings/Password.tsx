import { Button, Checkbox, Divider, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { LEAST_PASSWORD } from "./limits";
import { answered, api, explained } from "../../api/client";
import { session, signIn } from "../../api/queries";
import { Confirm } from "../../parts/Confirm";
import { fieldError } from "../../parts/FormModal";
import { said } from "../../parts/notify";

/** Changes my password, and ends what is signed in with the old one. */
export function Password() {
  return (
    <Stack gap="lg" maw={440}>
      <Change />
      <Divider />
      <SignOutEverywhere />
    </Stack>
  );
}

function Change() {
  const { data } = useQuery(session);
  const username = data?.user.username ?? "";
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [others, setOthers] = useState(true);
  const differs = again !== "" && again !== next;
  const ready = current !== "" && next.length >= LEAST_PASSWORD && again === next;
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const body = { password: next, current_password: current, invalidate_tokens: others };
      await answered(api.PUT("/v1/user", { body }));
      // All that was signed in has been signed out, this page too.
      if (others) await signIn(username, next);
    },
    onSuccess: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      said(others ? "The password is changed; all else is signed out" : "The password is changed");
    },
  });
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        if (ready) mutate();
      }}
    >
      <Stack gap="sm">
        <Title order={2} size="h4">
          Change password
        </Title>
        {/* Password managers want to know whose it is. */}
        <TextInput label="E-mail address" value={username} readOnly autoComplete="username" />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={current}
          error={fieldError(error, "current_password")}
          onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description={`${LEAST_PASSWORD} characters or more`}
          autoComplete="new-password"
          value={next}
          error={fieldError(error, "password")}
          onChange={({ currentTarget }) => setNext(currentTarget.value)}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          value={again}
          error={differs && "This is not the same"}
          onChange={({ currentTarget }) => setAgain(currentTarget.value)}
        />
        <Checkbox
          label="Sign out everywhere else and revoke every token"
          checked={others}
          onChange={({ currentTarget }) => setOthers(currentTarget.checked)}
        />
        {error && (
          <Text size="sm" c="red" role="alert">
            {explained(error)}
          </Text>
        )}
        <Button type="submit" style={{ alignSelf: "flex-start" }} disabled={!ready} loading={isPending}>
          Change password
        </Button>
      </Stack>
    </form>
  );
}

function SignOutEverywhere() {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const act = async () => {
    await answered(api.DELETE("/v1/access_tokens"));
    queries.clear();
    queries.setQueryData(session.queryKey, null);
    await navigate({ to: "/sign-in" });
  };
  return (
    <Stack gap="xs" align="flex-start">
      <Title order={2} size="h4">
        Sign out everywhere
      </Title>
      <Text size="sm" c="dimmed">
        Ends every session in every browser and revokes every token of yours, those of programs and command
        lines too. Devices keep their own tokens.
      </Text>
      <Button variant="default" onClick={() => setAsking(true)}>
        Sign out everywhere
      </Button>
      {asking && (
        <Confirm
          title="Sign out everywhere?"
          action="Sign out everywhere"
          act={act}
          onClose={() => setAsking(false)}
        >
          You are signed out here too, and every program that uses a token of yours stops working until it
          gets a new one.
        </Confirm>
      )}
    </Stack>
  );
}
