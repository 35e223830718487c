import { Button, Group, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { NewToken } from "./NewToken";
import { tokens } from "./queries";
import { answered, api, type Schemas } from "../../api/client";
import { session } from "../../api/queries";
import { Confirm } from "../../parts/Confirm";
import { CopyId } from "../../parts/CopyId";
import { said } from "../../parts/notify";
import { Empty, Failed, Loading } from "../../parts/State";
import { Time } from "../../parts/Time";

type Token = Schemas["TokenLine"];

/** My tokens: what signs in as me without my password. */
export function Tokens() {
  const { data, isPending, isError, error, refetch } = useQuery(tokens);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const queries = useQueryClient();
  const ends = useQuery(session).data?.expires_at;
  const isThis = ({ client, expires_at }: Token) =>
    client === "console" && expires_at != null && expires_at === ends;
  const revoke = async ({ token }: Token) => {
    await answered(api.DELETE("/v1/access_tokens/{token}", { params: { path: { token } } }));
    await queries.invalidateQueries({ queryKey: tokens.queryKey });
    said("The token is revoked");
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Text size="sm" c="dimmed" maw={620}>
          Whoever has one of these may do all that you may, until it ends or is revoked. A token is shown
          once, when it is made; here each has a handle that is of no use to anybody but you.
        </Text>
        <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
          New token
        </Button>
      </Group>
      {isPending && <Loading rows={4} height={42} />}
      {isError && <Failed error={error} retry={() => void refetch()} />}
      {data?.length === 0 && (
        <Empty icon={<IconKey />} title="No tokens">
          Make one for a program or a command line that is to work as you.
        </Empty>
      )}
      {data && data.length > 0 && (
        <Table layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Given to</Table.Th>
              <Table.Th w={170} visibleFrom="sm">
                Handle
              </Table.Th>
              <Table.Th w={150} visibleFrom="xs">
                Made
              </Table.Th>
              <Table.Th w={156}>Ends</Table.Th>
              <Table.Th w={88}>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.map((token) => (
              <Table.Tr key={token.token}>
                <Table.Td>
                  {token.client}
                  {isThis(token) && (
                    <Text span size="sm" c="dimmed">
                      {" "}
                      (this browser)
                    </Text>
                  )}
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <CopyId id={token.token} short label="Copy handle" />
                </Table.Td>
                <Table.Td visibleFrom="xs">
                  <Time at={token.created_at} />
                </Table.Td>
                <Table.Td>{token.expires_at ? <Time at={token.expires_at} /> : "never"}</Table.Td>
                <Table.Td ta="right">
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={`Revoke the token ${token.token.slice(-8)} given to ${token.client}`}
                    onClick={() => setRevoking(token)}
                  >
                    Revoke
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title="Revoke this token?"
          action="Revoke token"
          act={() => revoke(revoking)}
          onClose={() => setRevoking(null)}
        >
          The token …{revoking.token.slice(-8)} that was given to {revoking.client} stops working at once. If
          it is this browser’s, you are signed out.
        </Confirm>
      )}
    </Stack>
  );
}
