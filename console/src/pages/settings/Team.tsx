import { Button, Group, Select, Stack, Table, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { team } from "./queries";
import { Roles } from "./Roles";
import { call, type Schemas } from "../../api/client";
import { organisations, products, session } from "../../api/queries";
import { base } from "../../api/scope";
import { atLeast, type Place, useScope } from "../../frame/useScope";
import { Confirm } from "../../parts/Confirm";
import { fieldError, FormModal } from "../../parts/FormModal";
import { complained, said } from "../../parts/notify";
import { ROLE_NAME, RoleBadge } from "../../parts/RoleBadge";
import { Failed, Loading } from "../../parts/State";

type Member = Schemas["MemberRecord"];
type Role = Schemas["Role"];

/** Who works on the product or in the organisation, and as what. */
export function Team() {
  const place = useScope();
  const { data, isPending, isError, error, refetch } = useQuery(team(place.scope));
  const [adding, setAdding] = useState(false);
  const may = atLeast(place.role, "administrator");
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Text size="sm" c="dimmed" maw={620}>
          {may
            ? "You may add people who have an account here, and give them any role up to your own."
            : `You are ${ROLE_NAME[place.role].toLowerCase()} here. Administrators and owners change the team.`}
        </Text>
        {may && (
          <Button leftSection={<IconUserPlus size={16} />} onClick={() => setAdding(true)}>
            Add somebody
          </Button>
        )}
      </Group>
      {isPending && <Loading rows={3} height={50} />}
      {isError && <Failed error={error} retry={() => void refetch()} />}
      {data && <Members members={data} place={place} />}
      <Roles mine={place.role} />
      {adding && <AddMember place={place} onClose={() => setAdding(false)} />}
    </Stack>
  );
}

function Members({ members, place }: { members: Member[]; place: Place }) {
  const { data: signedIn } = useQuery(session);
  const [removing, setRemoving] = useState<Member | null>(null);
  return (
    <>
      <Table layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Member</Table.Th>
            <Table.Th w={144}>Role</Table.Th>
            <Table.Th w={92}>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {members.map((member) => {
            const me = member.id === signedIn?.user.id;
            const may = atLeast(place.role, "administrator") && atLeast(place.role, member.role);
            return (
              <Table.Tr key={member.id}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>
                  {member.username}
                  {me && (
                    <Text span size="sm" c="dimmed">
                      {" "}
                      (you)
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  {may ? <RoleSelect member={member} place={place} /> : <RoleBadge role={member.role} />}
                </Table.Td>
                <Table.Td ta="right">
                  {(may || me) && (
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      color="red"
                      aria-label={me ? `Leave ${place.name}` : `Remove ${member.username}`}
                      onClick={() => setRemoving(member)}
                    >
                      {me ? "Leave" : "Remove"}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {removing && (
        <RemoveMember
          member={removing}
          me={removing.id === signedIn?.user.id}
          place={place}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function RoleSelect({ member, place }: { member: Member; place: Place }) {
  const queries = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: (role: Role) => call<Member>("PUT", memberPath(place, member), { role }),
    onSuccess: async ({ username, role }) => {
      await refresh(queries);
      said(`${username} is ${ROLE_NAME[role].toLowerCase()} now`);
    },
    onError: (error) => complained("The role stays as it was", error),
  });
  return (
    <Select
      size="xs"
      aria-label={`Role of ${member.username}`}
      data={rolesUpTo(place.role)}
      value={member.role}
      allowDeselect={false}
      disabled={isPending}
      onChange={(role) => {
        if (role && role !== member.role) mutate(role as Role);
      }}
    />
  );
}

function AddMember({ place, onClose }: { place: Place; onClose: () => void }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("developer");
  const add = async () => {
    await call("POST", `${base(place.scope)}/team`, { username: username.trim(), role });
    await refresh(queries);
    said(`${username.trim()} is on the team`);
  };
  return (
    <FormModal
      title={`Add somebody to ${place.name}`}
      action="Add"
      ready={username.trim() !== ""}
      act={add}
      onClose={onClose}
    >
      {(error) => (
        <>
          <TextInput
            label="E-mail address"
            description="Of somebody who has an account on this server"
            type="email"
            data-autofocus
            value={username}
            error={fieldError(error, "username")}
            onChange={({ currentTarget }) => setUsername(currentTarget.value)}
          />
          <Select
            label="Role"
            data={rolesUpTo(place.role)}
            value={role}
            allowDeselect={false}
            error={fieldError(error, "role")}
            onChange={(role) => setRole(role as Role)}
          />
        </>
      )}
    </FormModal>
  );
}

function RemoveMember({
  member,
  me,
  place,
  onClose,
}: {
  member: Member;
  me: boolean;
  place: Place;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = async () => {
    await call("DELETE", memberPath(place, member));
    said(me ? `You have left ${place.name}` : `${member.username} is off the team`);
    if (me) await navigate({ to: "/$scope/products", params: { scope: "me" } });
    await refresh(queries);
  };
  return (
    <Confirm
      title={me ? `Leave ${place.name}?` : `Remove ${member.username}?`}
      action={me ? "Leave" : "Remove"}
      act={remove}
      onClose={onClose}
    >
      {me
        ? `You no longer see ${place.name}, its events or its integrations, until somebody adds you again.`
        : `${member.username} no longer sees ${place.name}, its events or its integrations. What they made stays.`}
    </Confirm>
  );
}

/** Nobody gives a role above their own. */
function rolesUpTo(own: Role) {
  return (Object.keys(ROLE_NAME) as Role[])
    .filter((role) => atLeast(own, role))
    .map((value) => ({ value, label: ROLE_NAME[value] }));
}

const memberPath = (place: Place, { id }: Member) => `${base(place.scope)}/team/${id}`;

/** A change of the team may be one of my own role, which the scopes carry. */
async function refresh(queries: ReturnType<typeof useQueryClient>): Promise<void> {
  const keys = [["team"], products.queryKey, organisations.queryKey];
  await Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
}
