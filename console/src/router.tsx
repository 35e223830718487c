import { Button, Center, Loader } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { IconMapQuestion } from "@tabler/icons-react";
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  Outlet,
  redirect,
} from "@tanstack/react-router";

import { queryClient, session } from "./api/queries";
import { scopeOfSlug } from "./api/scope";
import { Frame } from "./frame/Frame";
import { Empty, Failed } from "./parts/State";

const root = createRootRoute({ component: Everywhere });

/** Notifications stand within the router, so that one may hold a link to what it speaks of. */
function Everywhere() {
  return (
    <>
      <Notifications position="bottom-right" />
      <Outlet />
    </>
  );
}

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/$scope/integrations", params: { scope: "me" } });
  },
});

const signInPage = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search): { to?: string } => (typeof search["to"] === "string" ? { to: search["to"] } : {}),
  component: lazyRouteComponent(() => import("./pages/account/SignIn")),
});

const setUpPage = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (search): { token?: string } => ({
    token: search["token"] == null ? undefined : String(search["token"]),
  }),
  component: lazyRouteComponent(() => import("./pages/account/SetUp")),
});

/** Everything that belongs to a scope, for those who are signed in. */
const scoped = createRoute({
  getParentRoute: () => root,
  path: "/$scope",
  component: Frame,
  beforeLoad: async ({ params, location }) => {
    const signedIn = await queryClient.ensureQueryData(session);
    if (!signedIn) throw redirect({ to: "/sign-in", search: { to: location.href } });
    if (!scopeOfSlug(params.scope, signedIn.user.id)) throw redirect({ to: "/" });
  },
});

const page = <Path extends string>(path: Path, load: () => Promise<{ default: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => scoped, path, component: lazyRouteComponent(load) });

const builderPage = createRoute({
  getParentRoute: () => scoped,
  path: "/integrations/new",
  validateSearch: (search): { preset?: string; event?: string; url?: string } => ({
    preset: typeof search["preset"] === "string" ? search["preset"] : undefined,
    event: typeof search["event"] === "string" ? search["event"] : undefined,
    url: typeof search["url"] === "string" ? search["url"] : undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/builder/New")),
});

const tree = root.addChildren([
  home,
  signInPage,
  setUpPage,
  scoped.addChildren([
    page("/integrations", () => import("./pages/integrations/Integrations")),
    builderPage,
    page("/integrations/$integration", () => import("./pages/integration/Integration")),
    page("/integrations/$integration/edit", () => import("./pages/builder/Edit")),
    page("/gallery", () => import("./pages/gallery/Gallery")),
    page("/attempts/$attempt", () => import("./pages/attempt/AttemptPage")),
    page("/deliveries/$delivery", () => import("./pages/delivery/DeliveryPage")),
    page("/issues", () => import("./pages/issues/Issues")),
    page("/alerts", () => import("./pages/alerts/Alerts")),
    page("/compare", () => import("./pages/compare/Compare")),
    page("/help", () => import("./pages/help/Help")),
    page("/events", () => import("./pages/events/Events")),
    page("/events/$event", () => import("./pages/events/EventPage")),
    page("/devices", () => import("./pages/devices/Devices")),
    page("/devices/$device", () => import("./pages/devices/DevicePage")),
    page("/products", () => import("./pages/products/Products")),
    page("/tester", () => import("./pages/tester/Tester")),
    page("/tester/$endpoint", () => import("./pages/tester/EndpointPage")),
    page("/usage", () => import("./pages/usage/Usage")),
    page("/settings", () => import("./pages/settings/Settings")),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: "/console",
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: () => (
    <Center h={200}>
      <Loader role="img" aria-label="Loading" />
    </Center>
  ),
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
  defaultNotFoundComponent: () => (
    <Empty icon={<IconMapQuestion />} title="There is no such page">
      <Button component={Link} to="/" variant="light" mt="xs">
        To the integrations
      </Button>
    </Empty>
  ),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
