import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Overview } from "../../api/shapes";
import { overviews, type OverviewFilter } from "../../api/integrations";
import { apiScope, slugOfApi } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { atLeast, useScope } from "../../frame/useScope";
import { LoadMore } from "../../parts/LoadMore";
import { counted } from "../../parts/numbers";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { Filters } from "./Filters";
import { List } from "./List";

/** The integrations of a scope: how each is doing, and how it did. */
export default function Integrations() {
  const { slug, scope, role } = useScope();
  const [asked] = useAddress();
  const filter = filterOf(asked);
  const filtered = Object.keys(filter).length > 0;
  const query = useInfiniteQuery(overviews(apiScope(scope), filter));
  const rows = query.data?.pages.flatMap(({ items }) => items);
  const mayChange = atLeast(role, "developer");
  const shown = filtered || (rows?.length ?? 0) > 0;
  return (
    <Page
      title="Integrations"
      says="Events whose names begin with the prefix become requests. The numbers are today's (UTC) attempts."
      actions={mayChange && <NewButtons slug={slug} />}
    >
      <Elsewhere elsewhere={query.data?.pages[0]?.elsewhere ?? []} />
      {shown && <Filters rows={rows ?? []} />}
      {query.isPending && <Loading rows={6} height={48} />}
      {query.isError && !rows && <Failed error={query.error} retry={() => void query.refetch()} />}
      {rows && rows.length > 0 && <List rows={rows} />}
      {rows?.length === 0 &&
        (filtered ? <NoneMatch slug={slug} /> : <None slug={slug} mayChange={mayChange} />)}
      {query.hasNextPage && (
        <Text size="sm" c="dimmed" ta="center">
          {counted(rows?.length ?? 0, "integration")} loaded; the order is theirs alone until all are.
        </Text>
      )}
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
    </Page>
  );
}

const STATES = ["failing", "asleep", "disabled"] as const;

function filterOf({ state, host, q }: Readonly<Record<string, string | undefined>>): OverviewFilter {
  const known = STATES.find((known) => known === state);
  return { ...(known && { state: known }), ...(host && { host }), ...(q && { q }) };
}

function NewButtons({ slug }: { slug: string }) {
  return (
    <>
      <Button component={Link} to={`/${slug}/gallery`} variant="default">
        Gallery
      </Button>
      <Button
        component={Link}
        to={`/${slug}/integrations/new`}
        leftSection={<IconPlus size={16} aria-hidden />}
      >
        New integration
      </Button>
    </>
  );
}

/** The user's own scope shows only its own; here is how many more there are, and where. */
function Elsewhere({ elsewhere }: { elsewhere: Overview["elsewhere"] }) {
  if (elsewhere.length === 0) return null;
  return (
    <Text size="sm" c="dimmed">
      More in{" "}
      {elsewhere.map(({ scope, name, integrations }, at) => (
        <span key={scope}>
          {at > 0 && ", "}
          <Anchor component={Link} to={`/${slugOfApi(scope)}/integrations`} size="sm">
            {name} ({integrations})
          </Anchor>
        </span>
      ))}
    </Text>
  );
}

function None({ slug, mayChange }: { slug: string; mayChange: boolean }) {
  return (
    <Empty icon={<IconWebhook />} title="No integrations yet">
      An integration sends the events of your devices to a web service. The gallery has one ready for most.
      {mayChange ? (
        <Group justify="center" mt="sm">
          <Button component={Link} to={`/${slug}/gallery`}>
            Choose from the gallery
          </Button>
          <Button component={Link} to={`/${slug}/integrations/new`} variant="default">
            Start from nothing
          </Button>
        </Group>
      ) : (
        <Text size="sm">Your role here may look at integrations; a developer may make one.</Text>
      )}
    </Empty>
  );
}

function NoneMatch({ slug }: { slug: string }) {
  return (
    <Alert variant="light" color="gray" title="Nothing here matches the filters">
      <Button component={Link} to={`/${slug}/integrations`} size="xs" variant="default">
        Show all
      </Button>
    </Alert>
  );
}
