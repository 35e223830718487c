import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { LiveEvent } from "../../api/shapes";
import { CopyId } from "../CopyId";
import { Facts } from "../Facts";
import { bytes } from "../numbers";
import { Time } from "../Time";
import { deviceOf, isReply, publisher, sourceOf } from "./publisher";
import type { Names } from "./terms";

/** Who published an event, when and how. */
export function EventFacts({ event, slug, names }: { event: LiveEvent; slug: string; names: Names }) {
  const device = deviceOf(event);
  const reply = isReply(event);
  return (
    <Facts
      of={[
        ["Event", <CopyId key="id" id={event.id} label="Copy the event's id" />],
        [
          device ? "Device" : "Published by",
          device ? (
            <Anchor key="device" component={Link} to={`/${slug}/devices/${device}`} size="sm">
              {names.get(device) ?? device}
            </Anchor>
          ) : reply ? (
            "the server, as a reply"
          ) : (
            publisher(event, names)
          ),
        ],
        ["Published", <Time key="at" at={event.published_at} whole />],
        ["Came by", !reply && sourceOf(event)],
        ["Part", event.part != null && `${event.part + 1} of ${event.parts ?? "?"}`],
        ["Product", event.product],
        ["Firmware", event.product_version],
        ["Size", bytes(new TextEncoder().encode(event.data ?? "").length)],
      ]}
    />
  );
}
