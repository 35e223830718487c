import { Group, Stack, Title, type TitleOrder } from "@mantine/core";
import { createContext, type ReactNode, useContext } from "react";

/** How deep the headings of an attempt stand: below the page's own, or below a row of its log. */
export const HeadingLevel = createContext<TitleOrder>(2);

/** One kind of evidence, under its name. */
export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const level = useContext(HeadingLevel);
  return (
    <Stack component="section" gap={6} style={{ minWidth: 0 }}>
      <Group justify="space-between" gap="xs" wrap="nowrap" mih={22}>
        <Title order={level} size="h6">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Stack>
  );
}
