import {
  Alert,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  ScrollArea,
  Stack,
  Text,
  VisuallyHidden,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { Account } from "./Account";
import { Bell } from "./Bell";
import classes from "./Frame.module.css";
import { Foot } from "./Foot";
import { Health } from "./Health";
import { NoSuchScope } from "./NoSuchScope";
import { PLACES } from "./places";
import { ScopeSwitch } from "./ScopeSwitch";
import { Search } from "./Search";
import { useScope } from "./useScope";
import { useFreshness } from "../live/useLive";
import { session } from "../api/queries";
import { apiScope } from "../api/scope";

/** What stands around every page of a scope. */
export function Frame() {
  useDoor();
  const [open, { toggle, close }] = useDisclosure(false);
  const { slug, scope, known } = useScope();
  const connection = useFreshness(apiScope(scope));
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !open } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <SkipToContent />
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Mark slug={slug} />
          </Group>
          <Search />
          <Group gap="xs" wrap="nowrap">
            <Health connection={connection} />
            <Bell />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Places">
        <Stack gap="sm" h="100%">
          <ScopeSwitch onSwitched={close} />
          <ScrollArea style={{ flex: 1 }}>
            <Places slug={slug} onGone={close} />
          </ScrollArea>
          <Foot />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} style={{ outline: "none" }}>
        {connection === "lost" && <Lost />}
        {known === false ? <NoSuchScope slug={slug} /> : <Outlet />}
      </AppShell.Main>
    </AppShell>
  );
}

/** The router asks who is there before it opens a page. When a session ends while one is open, it must ask again. */
function useDoor() {
  const router = useRouter();
  const ended = useQuery(session).data === null;
  useEffect(() => {
    if (ended) void router.invalidate();
  }, [ended, router]);
}

function Places({ slug, onGone }: { slug: string; onGone: () => void }) {
  const { pathname } = useLocation();
  return PLACES.map(({ path, label, icon: Icon }) => {
    const to = `/${slug}/${path}`;
    const here = pathname === to || pathname.startsWith(`${to}/`);
    return (
      <NavLink
        key={path}
        component={Link}
        to={to}
        label={label}
        leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
        active={here}
        aria-current={here ? "page" : undefined}
        onClick={onGone}
        className={classes["place"]}
      />
    );
  });
}

/** Says that the page has stopped being live; what was loaded stays readable. */
function Lost() {
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconPlugConnectedX />}
      title="The server does not answer"
      role="status"
      mb="md"
    >
      What stands here is what it last said. It is asked again every few seconds, and the page goes on by
      itself.
    </Alert>
  );
}

/** The way home: the integrations of the scope that is open. */
function Mark({ slug }: { slug: string }) {
  return (
    <Group
      gap={8}
      wrap="nowrap"
      className={classes["mark"]}
      renderRoot={(props) => <Link {...props} to="/$scope/integrations" params={{ scope: slug }} />}
    >
      <img src="/console/favicon.svg" width={26} height={26} alt="" />
      <Text fw={700} visibleFrom="xs">
        Fieldhook
      </Text>
      <VisuallyHidden hiddenFrom="xs">Fieldhook</VisuallyHidden>
    </Group>
  );
}

/** Lets the keyboard jump over the frame; shown when it has the focus. */
function SkipToContent() {
  return (
    <Button component="a" href="#content" className="skip-to-content" size="xs">
      Skip to content
    </Button>
  );
}
