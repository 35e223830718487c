import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { call, explained, type Schemas } from "../../api/client";
import type { OneOverview } from "../../api/contract";
import { pathOf } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { nameOf } from "../../parts/standing";

type Saved = Schemas["IntegrationRecord"] & {
  id: string;
  scope: string;
  warnings?: { message?: string }[] | null;
};

/** What can be done to an integration; each says how it went and lets what is shown be asked for again. */
export function useActions(of: OneOverview) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const name = nameOf(of);
  const path = pathOf(of.id, of.scope);
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: ["integration", of.id] });
    await queries.invalidateQueries({ queryKey: ["revisions", of.id] });
    await queries.invalidateQueries({ queryKey: ["integrations"] });
  };
  const arrive = async (saved: Saved, message: string) => {
    await queries.invalidateQueries({ queryKey: ["integrations"] });
    const warned = saved.warnings?.flatMap(({ message }) => message ?? []) ?? [];
    notifications.show({
      color: warned.length > 0 ? "yellow" : "teal",
      message: [message, ...warned].join(" "),
    });
    await navigate({ to: `/${slugOfApi(saved.scope)}/integrations/${saved.id}` });
  };

  const enable = useMutation({
    mutationFn: (enabled: boolean) => call("PUT", path, { ...of.record, disabled: !enabled }),
    onSuccess: async (_, enabled) => {
      await refresh();
      notifications.show({ color: "teal", message: `${name} is ${enabled ? "enabled" : "disabled"}.` });
    },
    onError: failed(`${name} could not be changed`),
  });
  const duplicate = useMutation({
    mutationFn: () =>
      call<Saved>("POST", `/fieldhook/v1/integrations/${of.id}/copy`, { name: `${name} (copy)` }),
    onSuccess: (saved) => arrive(saved, "The copy is disabled until you enable it."),
    onError: failed(`${name} could not be duplicated`),
  });
  const move = useMutation({
    mutationFn: (scope: string) => call<Saved>("POST", `/fieldhook/v1/integrations/${of.id}/move`, { scope }),
    onSuccess: (saved) => arrive(saved, `${name} has moved.`),
    onError: failed(`${name} could not be moved`),
  });
  const remove = useMutation({
    mutationFn: () => call("DELETE", path),
    onSuccess: async () => {
      await navigate({ to: `/${slugOfApi(of.scope)}/integrations` });
      queries.removeQueries({ queryKey: ["integration", of.id] });
      await queries.invalidateQueries({ queryKey: ["integrations"] });
      notifications.show({
        color: "teal",
        message: `${name} is deleted. Its log stays until its time is over.`,
      });
    },
    onError: failed(`${name} could not be deleted`),
  });
  return { enable, duplicate, move, remove };
}

function failed(title: string) {
  return (error: Error) => notifications.show({ color: "red", title, message: explained(error) });
}
