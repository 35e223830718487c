import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

/** A page: where it is, what it is, what can be done with it, and the rest. */
export function Page({
  title,
  above = [],
  says,
  actions,
  children,
}: {
  title: string;
  /** The pages above it, outermost first. */
  above?: { label: string; to: string }[];
  /** One sentence on what the page is for. */
  says?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Fieldhook`;
  }, [title]);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={2} style={{ minWidth: 0, flex: "1 1 300px" }}>
          {above.length > 0 && (
            <Breadcrumbs separatorMargin={6}>
              {above.map(({ label, to }) => (
                <Anchor key={to} component={Link} to={to} size="sm">
                  {label}
                </Anchor>
              ))}
            </Breadcrumbs>
          )}
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {says && (
            <Text c="dimmed" size="sm" component="div">
              {says}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
