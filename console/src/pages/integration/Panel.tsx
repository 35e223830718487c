import { Collapse, Group, Stack, Title, UnstyledButton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";

import classes from "./Integration.module.css";

/** A part of the page, under its name. */
export function Panel({
  id,
  title,
  aside,
  children,
}: {
  /** What a link to this part ends in. */
  id?: string;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const heading = useId();
  return (
    <section id={id} className={classes["panel"]} aria-labelledby={heading}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" mih={30}>
          <Title order={2} size="h5" id={heading}>
            {title}
          </Title>
          {aside && <Group gap="xs">{aside}</Group>}
        </Group>
        {children}
      </Stack>
    </section>
  );
}

/** A part that is read once and then stands in the way: folded until asked for, and so from then on. */
export function FoldedPanel({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  const [open, setOpen] = useLocalStorage({ key: `fieldhook-open-${id}`, defaultValue: false });
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section id={id} className={classes["panel"]}>
      <Title order={2} size="h5">
        <UnstyledButton className={classes["folded"]} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Chevron size={16} aria-hidden />
          {title}
        </UnstyledButton>
      </Title>
      <Collapse expanded={open}>{open && <div style={{ paddingTop: 8 }}>{children}</div>}</Collapse>
    </section>
  );
}
