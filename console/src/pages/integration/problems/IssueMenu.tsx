import { Badge, Button, Group, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { changeIssue, issue, type IssueState } from "../../../api/troubleshooting";
import { STATES } from "../../../parts/issueStates";
import { complained } from "../../../parts/notify";

/** Where the issue behind a card stands, and a way to put it elsewhere. */
export function IssueMenu({ id, mayChange }: { id: string; mayChange: boolean }) {
  const queries = useQueryClient();
  const { data } = useQuery(issue(id));
  const { mutate, isPending } = useMutation({
    mutationFn: (state: IssueState) => changeIssue(id, state),
    onSuccess: async (changed) => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["integrations"] }),
        queries.invalidateQueries({ queryKey: ["integration", changed.integration] }),
      ]);
    },
    onError: (error) => complained("The issue stays as it was", error),
  });
  if (!data) return null;
  const { label, color } = STATES[data.state];
  const others = (Object.keys(STATES) as IssueState[]).filter((state) => state !== data.state);
  return (
    <Group gap={6} wrap="nowrap">
      {data.regressions > 0 && (
        <Badge color="red" variant="light" tt="none" title={`It came back ${data.regressions} times`}>
          Back again
        </Badge>
      )}
      {mayChange ? (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button
              size="compact-xs"
              variant="default"
              loading={isPending}
              rightSection={<IconChevronDown size={12} aria-hidden />}
            >
              {label}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {others.map((state) => (
              <Menu.Item key={state} onClick={() => mutate(state)}>
                {STATES[state].act}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <Badge color={color} variant="light" tt="none">
          {label}
        </Badge>
      )}
    </Group>
  );
}
