import { ActionIcon, Anchor, Button, Group, Indicator, Popover, Stack, Text } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import classes from "./Frame.module.css";
import { useScope } from "./useScope";
import { type Alert, bell, markSeen } from "../api/alerts";
import { slugOfApi } from "../api/scope";
import { placeOf } from "../parts/alertKinds";
import { count } from "../parts/numbers";
import { Time } from "../parts/Time";
import { Words } from "../parts/Words";

/** Rings for what somebody should hear of: how many alerts are new, and the newest that are open. */
export function Bell() {
  const { slug } = useScope();
  const queries = useQueryClient();
  const { data } = useQuery(bell);
  const [open, setOpen] = useState(false);
  const unseen = data?.unseen ?? 0;
  const change = (opened: boolean) => {
    setOpen(opened);
    // What was new stays marked until the list is closed.
    if (!opened && unseen > 0) {
      void markSeen().then(() => queries.invalidateQueries({ queryKey: bell.queryKey }));
    }
  };
  const close = () => change(false);
  return (
    <Indicator
      label={unseen > 99 ? "99+" : unseen}
      disabled={unseen === 0}
      size={16}
      color="red.8"
      offset={5}
    >
      <Popover opened={open} onChange={change} width={340} position="bottom-end" shadow="md" trapFocus>
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={unseen > 0 ? `Alerts: ${unseen} new` : "Alerts"}
            onClick={() => change(!open)}
          >
            <IconBell size={20} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown p="sm" aria-label="Alerts">
          <Stack gap="sm">
            <Text fw={600} size="sm">
              {data && data.open > 0 ? `${count(data.open)} open` : "No alert is open"}
            </Text>
            {data?.items.map((alert) => (
              <Line key={alert.id} of={alert} onGone={close} />
            ))}
            <Group justify="space-between">
              <Button
                component={Link}
                to={`/${slug}/alerts`}
                size="compact-sm"
                variant="light"
                onClick={close}
              >
                All alerts
              </Button>
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link
                    {...props}
                    to="/$scope/settings"
                    params={{ scope: slug }}
                    search={{ tab: "alerts" }}
                    onClick={close}
                  />
                )}
              >
                Where they go
              </Anchor>
            </Group>
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </Indicator>
  );
}

function Line({ of, onGone }: { of: Alert; onGone: () => void }) {
  const { slug } = useScope();
  return (
    <div className={classes["alert"]} data-unseen={of.unseen || undefined}>
      <Anchor
        component={Link}
        to={placeOf(of)}
        hash={of.cause.type === "issue" ? "problems" : ""}
        size="sm"
        onClick={onGone}
        className={classes["alertTitle"]}
      >
        <Words of={of.title} />
      </Anchor>
      <Text size="xs" c="dimmed" component="div">
        {of.unseen && "New, "}
        {slugOfApi(of.scope) !== slug && `in ${of.scope_name}, `}
        <Time at={of.changed_at} />
      </Text>
    </div>
  );
}
