import { Button, Divider, Paper, Stack, Title } from "@mantine/core";
import { IconCpu, IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { ApiError } from "../../api/client";
import { type Device, oneDevice } from "../../api/devices";
import { atLeast, type Place, useScope } from "../../frame/useScope";
import { HeadingLevel } from "../../parts/attempt/Section";
import { EventStream } from "../../parts/events/EventStream";
import { Page } from "../../parts/Page";
import { Empty, Failed, Loading } from "../../parts/State";
import { DeviceFacts } from "./DeviceFacts";
import classes from "./DevicePage.module.css";
import { EditDevice } from "./EditDevice";
import { Integrations } from "./Integrations";
import { Leaving } from "./Leaving";
import { Token } from "./Token";

/** One device: what it is, what it says, what fires for it. */
export default function DevicePage() {
  const { device: id = "" } = useParams({ strict: false });
  const place = useScope();
  const { data: device, error, refetch } = useQuery(oneDevice(place.scope, id));
  const above = [{ label: "Devices", to: `/${place.slug}/devices` }];
  if (device) return <Known device={device} place={place} above={above} />;
  return (
    <Page title="Device" above={above}>
      {error ? (
        <Missing error={error} slug={place.slug} retry={() => void refetch()} />
      ) : (
        <Loading rows={2} height={320} />
      )}
    </Page>
  );
}

function Known({
  device,
  place,
  above,
}: {
  device: Device;
  place: Place;
  above: { label: string; to: string }[];
}) {
  const { scope, role, slug } = place;
  const [editing, setEditing] = useState(false);
  const may = atLeast(role, "developer");
  return (
    <Page
      title={device.name ?? device.id}
      above={above}
      actions={
        may && (
          <>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPencil size={14} aria-hidden />}
              onClick={() => setEditing(true)}
            >
              Name and notes
            </Button>
            <Leaving device={device} scope={scope} />
          </>
        )
      }
    >
      <div className={classes["top"]}>
        <Card title="Details">
          <DeviceFacts device={device} scope={scope} />
          <Divider />
          <Title order={2} size="h6">
            Token
          </Title>
          <Token device={device} scope={scope} may={may} />
        </Card>
        <Card title="Integrations for its events">
          <Integrations device={device} />
        </Card>
      </div>
      <Title order={2} size="h5">
        Events
      </Title>
      <HeadingLevel value={3}>
        <EventStream key={`${slug} ${device.id}`} scope={scope} device={device.id} height="460px" />
      </HeadingLevel>
      {editing && <EditDevice device={device} scope={scope} onClose={() => setEditing(false)} />}
    </Page>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h6">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

function Missing({ error, slug, retry }: { error: Error; slug: string; retry: () => void }) {
  const unknown = error instanceof ApiError && (error.status === 403 || error.status === 404);
  if (!unknown) return <Failed error={error} retry={retry} />;
  return (
    <Empty icon={<IconCpu />} title="There is no such device here">
      {slug === "me"
        ? "It may be somebody else’s, or a product’s that you have not claimed: look under that product."
        : "It is not in this product: look under My devices or another product."}
      <br />
      <Button component={Link} to={`/${slug}/devices`} variant="light" size="xs" mt="sm">
        To the devices
      </Button>
    </Empty>
  );
}
