import { Anchor, Button, Code, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconFlask, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { described } from "./answer";
import { DeleteEndpoint } from "./DeleteEndpoint";
import { endpointsOf, make } from "./queries";
import type { Schemas } from "../../api/client";
import { apiScope } from "../../api/scope";
import { atLeast, useScope } from "../../frame/useScope";
import { LoadMore } from "../../parts/LoadMore";
import { complained } from "../../parts/notify";
import { count } from "../../parts/numbers";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";

/** The throw-away endpoints of the scope. */
export default function Tester() {
  const { scope, role } = useScope();
  const list = useInfiniteQuery({ ...endpointsOf(apiScope(scope)), refetchInterval: 5_000 });
  const endpoints = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const may = atLeast(role, "support");
  return (
    <Page
      title="Endpoint tester"
      says="Throw-away addresses that show what is sent to them and answer as badly as you like. One that is neither sent to nor looked at for a day is forgotten."
      actions={may && <NewEndpoint />}
    >
      {list.isPending && <Loading rows={5} height={53} />}
      {list.isError && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data && endpoints.length === 0 && <None may={may} />}
      {endpoints.length > 0 && <Endpoints endpoints={endpoints} may={may} />}
      <LoadMore more={list.hasNextPage} loading={list.isFetchingNextPage} load={list.fetchNextPage} />
    </Page>
  );
}

function Endpoints({ endpoints, may }: { endpoints: Schemas["Endpoint"][]; may: boolean }) {
  return (
    <Table layout="fixed" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Endpoint</Table.Th>
          <Table.Th w={92} ta="right">
            Caught
          </Table.Th>
          <Table.Th w={150} visibleFrom="sm">
            Last used
          </Table.Th>
          <Table.Th w={150} visibleFrom="lg">
            Made
          </Table.Th>
          {may && (
            <Table.Th w={52}>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          )}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {endpoints.map((endpoint) => (
          <Row key={endpoint.id} endpoint={endpoint} may={may} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({ endpoint, may }: { endpoint: Schemas["Endpoint"]; may: boolean }) {
  const { id, url, caught, used_at, created_at, answer } = endpoint;
  const { slug } = useScope();
  const rules = answer.rules?.length ?? 0;
  return (
    <Table.Tr>
      <Table.Td>
        <Stack gap={0}>
          <Anchor component={Link} to={`/${slug}/tester/${id}`} size="sm" ff="monospace" className="one-line">
            {new URL(url).pathname}
          </Anchor>
          <Text size="xs" c="dimmed" className="one-line">
            {described(answer)}
            {rules > 0 && `, and ${rules === 1 ? "a rule" : `${rules} rules`}`}
          </Text>
        </Stack>
      </Table.Td>
      <Table.Td ta="right">{count(caught)}</Table.Td>
      <Table.Td visibleFrom="sm">
        <Time at={used_at} />
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Time at={created_at} />
      </Table.Td>
      {may && (
        <Table.Td>
          <DeleteEndpoint endpoint={endpoint} />
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function NewEndpoint() {
  const { slug, scope } = useScope();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending } = useMutation({
    mutationFn: () => make(apiScope(scope)),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ["tester", "of"] });
      void navigate({ to: `/${slug}/tester/${id}` });
    },
    onError: (error) => complained("No endpoint was made", error),
  });
  return (
    <Button leftSection={<IconPlus size={16} />} loading={isPending} onClick={() => mutate()}>
      New endpoint
    </Button>
  );
}

function None({ may }: { may: boolean }) {
  return (
    <Empty icon={<IconFlask />} title="No endpoints here">
      {may ? (
        <>
          Make one, send it anything (a webhook’s test, <Code>curl</Code>, a browser), and see what arrived.
        </>
      ) : (
        "Your role here lets you look at endpoints, not make them: ask for the support role."
      )}
    </Empty>
  );
}
