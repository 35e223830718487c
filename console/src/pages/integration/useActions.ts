import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { call } from "../../api/client";
import type { IntegrationStory } from "../../api/shapes";
import { pathOf } from "../../api/integrations";
import { slugOfApi } from "../../api/scope";
import { said } from "../../parts/notify";
import { nameOf } from "../../parts/standing";

/** What a copy or a move answers. */
interface Saved {
  id: string;
  scope: string;
  warnings?: { message?: string }[] | null;
}

/** What can be done to an integration. Each asks anew for what it changed, and throws when it was not done. */
export function useActions(of: IntegrationStory) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const name = nameOf(of);
  const path = pathOf(of.id, of.scope);

  const arrive = async ({ id, scope, warnings }: Saved, message: string) => {
    await queries.invalidateQueries({ queryKey: ["integrations"] });
    said(message);
    for (const { message = "" } of warnings ?? []) notifications.show({ color: "yellow", message });
    await navigate({ to: `/${slugOfApi(scope)}/integrations/${id}` });
  };
  return {
    setEnabled: async (enabled: boolean) => {
      await call("PUT", path, { ...of.record, disabled: !enabled });
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["integration", of.id] }),
        queries.invalidateQueries({ queryKey: ["revisions", of.id] }),
        queries.invalidateQueries({ queryKey: ["integrations"] }),
      ]);
      said(`${name} is ${enabled ? "enabled" : "disabled"}.`);
    },
    duplicate: async () => {
      const body = { name: `${name} (copy)` };
      const saved = await call<Saved>("POST", `/fieldhook/v1/integrations/${of.id}/copy`, body);
      await arrive(saved, "This is the copy. It is disabled until you enable it.");
    },
    move: async (scope: string) => {
      const saved = await call<Saved>("POST", `/fieldhook/v1/integrations/${of.id}/move`, { scope });
      await arrive(saved, `${name} has moved.`);
    },
    remove: async () => {
      await call("DELETE", path);
      await navigate({ to: `/${slugOfApi(of.scope)}/integrations` });
      queries.removeQueries({ queryKey: ["integration", of.id] });
      await queries.invalidateQueries({ queryKey: ["integrations"] });
      said(`${name} is deleted.`);
    },
  };
}
