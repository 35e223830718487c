import { Box, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";

import type { IntegrationStory } from "../../api/shapes";
import { type Revision, revisions } from "../../api/integrations";
import { LoadMore } from "../../parts/LoadMore";
import { Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";
import { diff, lines, nearChanges } from "./diff";
import classes from "./Integration.module.css";
import { templateOf } from "./words";

/** Every save, and what it changed. */
export function Revisions({ of }: { of: IntegrationStory }) {
  const query = useInfiniteQuery(revisions(of.id, of.scope));
  const [open, setOpen] = useState<number>();
  const all = query.data?.pages.flatMap(({ items }) => items);
  if (!all && query.isError) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!all) return <Loading rows={3} height={32} />;
  return (
    <Stack gap="xs">
      <Table verticalSpacing={6} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={110}>Revision</Table.Th>
            <Table.Th>Saved</Table.Th>
            <Table.Th>By</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map((revision, at) => (
            <Fragment key={revision.revision}>
              <Table.Tr>
                <Table.Td>
                  <UnstyledButton
                    fz="sm"
                    c="blue"
                    aria-expanded={open === revision.revision}
                    onClick={() => setOpen(open === revision.revision ? undefined : revision.revision)}
                  >
                    {revision.revision}
                    {at === 0 && ", in use"}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td>
                  <Time at={revision.saved_at} whole />
                  {revision.disabled && ", switched off"}
                </Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}>
                  {revision.saved_by_name ?? revision.saved_by ?? "the server"}
                </Table.Td>
              </Table.Tr>
              {open === revision.revision && (
                <Table.Tr>
                  <Table.Td colSpan={3}>
                    <Change from={all[at + 1]} to={revision} />
                  </Table.Td>
                </Table.Tr>
              )}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
      <LoadMore more={query.hasNextPage} loading={query.isFetchingNextPage} load={query.fetchNextPage} />
    </Stack>
  );
}

const MARK = { both: " ", old: "−", new: "+" };

/** What a save changed; the first is shown whole. */
function Change({ from, to }: { from: Revision | undefined; to: Revision }) {
  const newer = lines(templateOf(to.template));
  const older = from ? lines(templateOf(from.template)) : [];
  const shown = from
    ? nearChanges(diff(older, newer))
    : newer.map((text) => ({ side: "both" as const, text }));
  if (shown.every((line) => line === null))
    return (
      <Text size="sm" c="dimmed">
        The template is the same; a masked secret may have changed.
      </Text>
    );
  return (
    <Box
      className={classes["diff"]}
      role="region"
      tabIndex={0}
      aria-label={
        from ? `What changed from revision ${from.revision} to ${to.revision}` : "The first revision"
      }
    >
      {shown.map((line, at) => (
        // Lines have no name but their place, and never move.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} data-side={line?.side ?? "gap"}>
          {line ? `${MARK[line.side]} ${line.text}` : "⋯"}
        </div>
      ))}
    </Box>
  );
}
