import { ActionIcon, Code } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { forget } from "./queries";
import type { Schemas } from "../../api/client";
import { Confirm } from "../../parts/Confirm";
import { said } from "../../parts/notify";

/** Forgets an endpoint, after asking. */
export function DeleteEndpoint({
  endpoint: { id, url, caught },
  gone,
}: {
  endpoint: Schemas["Endpoint"];
  gone?: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const path = new URL(url).pathname;
  const remove = async () => {
    await forget(id);
    said(`${path} is forgotten`);
    gone?.();
    await queries.invalidateQueries({ queryKey: ["tester", "of"] });
  };
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Delete endpoint ${path}`}
        onClick={() => setAsking(true)}
      >
        <IconTrash size={16} />
      </ActionIcon>
      {asking && (
        <Confirm
          title="Delete this endpoint?"
          action="Delete endpoint"
          act={remove}
          onClose={() => setAsking(false)}
        >
          <Code>{path}</Code> and the requests that it has caught ({caught}) are forgotten. Whatever still
          sends to it gets a 404.
        </Confirm>
      )}
    </>
  );
}
