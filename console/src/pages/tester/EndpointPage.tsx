import { Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import { Address } from "./Address";
import { AnswerPanel } from "./AnswerPanel";
import { DeleteEndpoint } from "./DeleteEndpoint";
import { endpoint } from "./queries";
import { Requests } from "./Requests";
import { atLeast, useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";
import { Failed, Loading } from "../../parts/State";

/** One throw-away endpoint: where it is, how it answers, and what it has caught. */
export default function EndpointPage() {
  const { endpoint: id = "" } = useParams({ strict: false });
  const { slug, role } = useScope();
  const navigate = useNavigate();
  const { data, isPending, isError, error, refetch } = useQuery(endpoint(id));
  const may = atLeast(role, "support");
  const list = `/${slug}/tester`;
  return (
    <Page
      title={`Endpoint ${id.slice(0, 8)}`}
      above={[{ label: "Endpoint tester", to: list }]}
      actions={
        data && (
          <Group gap="xs">
            {may && <DeleteEndpoint endpoint={data} gone={() => void navigate({ to: list })} />}
            {atLeast(role, "developer") && (
              <Button
                leftSection={<IconPlus size={16} />}
                renderRoot={(props) => (
                  <Link
                    {...props}
                    to="/$scope/integrations/new"
                    params={{ scope: slug }}
                    search={{ url: data.url }}
                  />
                )}
              >
                Webhook to this endpoint
              </Button>
            )}
          </Group>
        )
      }
    >
      {isPending && <Loading rows={6} height={60} />}
      {isError && <Failed error={error} retry={() => void refetch()} />}
      {data && (
        <>
          <Address url={data.url} />
          <AnswerPanel endpoint={data} may={may} />
          <Requests endpoint={data} may={may} />
        </>
      )}
    </Page>
  );
}
