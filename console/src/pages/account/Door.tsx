import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

import classes from "./Door.module.css";

/** What stands around the pages for those who are not signed in yet. */
export function Door({ title, says, children }: { title: string; says?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Fieldhook`;
  }, [title]);
  return (
    <main className={classes.door}>
      <Paper withBorder shadow="xs" radius="lg" p={{ base: "lg", xs: "xl" }} className={classes.card}>
        <Stack gap="lg">
          <Group gap={10}>
            <img src="/console/favicon.svg" width={30} height={30} alt="" />
            <Text fw={700} size="lg">
              Fieldhook
            </Text>
          </Group>
          <div>
            <Title order={1} size="h3">
              {title}
            </Title>
            {says && (
              <Text c="dimmed" size="sm" mt={4}>
                {says}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </Paper>
    </main>
  );
}

/** The eye in a password field, for the keyboard too. */
export const SHOW = { "aria-label": "Show what is typed", tabIndex: 0 };
