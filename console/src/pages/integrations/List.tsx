import { Anchor, Group, Select, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { IntegrationOverview } from "../../api/shapes";
import { slugOfApi } from "../../api/scope";
import { nameOf } from "../../parts/standing";
import { Status } from "../../parts/Status";
import { Tally } from "../../parts/Tally";
import { Time } from "../../parts/Time";
import { Expander, Recent } from "./Recent";
import classes from "./List.module.css";
import { type Column, type Order, sorted } from "./sort";

const LABELS: Record<Column, string> = {
  status: "Status",
  name: "Name",
  host: "Host",
  success: "Success",
  error: "Error",
  skipped: "Skipped",
  last: "Last attempt",
};

/** One row per integration; a table where there is room, cards where there is not. */
export function List({ rows }: { rows: IntegrationOverview[] }) {
  const [order, setOrder] = useState<Order>({ by: "status", reversed: false });
  const narrow = useMediaQuery("(max-width: 61.99em)", undefined, { getInitialValueInEffect: false });
  const inOrder = sorted(rows, order);
  if (narrow)
    return (
      <>
        <Select
          label="Order"
          size="xs"
          data={Object.entries(LABELS).map(([value, label]) => ({ value, label }))}
          value={order.by}
          allowDeselect={false}
          onChange={(by) => setOrder({ by: (by as Column | null) ?? "status", reversed: false })}
        />
        <div>
          {inOrder.map((row) => (
            <Card key={row.id} of={row} />
          ))}
        </div>
      </>
    );
  return (
    <table className={classes["table"]}>
      <colgroup>
        <col style={{ width: 40 }} />
        <col />
        <col style={{ width: "15%" }} />
        <col style={{ width: 262 }} />
        <col style={{ width: 190 }} />
        <col style={{ width: 96 }} />
      </colgroup>
      <Head order={order} onOrder={setOrder} />
      {inOrder.map((row) => (
        <Row key={row.id} of={row} />
      ))}
    </table>
  );
}

function Head({ order, onOrder }: { order: Order; onOrder: (order: Order) => void }) {
  const heading = (by: Column) => <Heading by={by} order={order} onOrder={onOrder} />;
  const aria = (...columns: Column[]) => {
    if (!columns.includes(order.by)) return undefined;
    return order.reversed ? "descending" : "ascending";
  };
  return (
    <thead>
      <tr>
        <th>
          <span className={classes["hidden"]}>30 days</span>
        </th>
        <th aria-sort={aria("name")}>{heading("name")}</th>
        <th aria-sort={aria("host")}>{heading("host")}</th>
        <th aria-sort={aria("status")}>{heading("status")}</th>
        <th aria-sort={aria("success", "error", "skipped")}>
          <Group gap={0} wrap="nowrap" className={classes["numbers"]}>
            {heading("success")}
            {heading("error")}
            {heading("skipped")}
          </Group>
        </th>
        <th aria-sort={aria("last")}>{heading("last")}</th>
      </tr>
    </thead>
  );
}

function Heading({ by, order, onOrder }: { by: Column; order: Order; onOrder: (order: Order) => void }) {
  const here = order.by === by;
  const Arrow = order.reversed ? IconArrowUp : IconArrowDown;
  return (
    <UnstyledButton
      className={classes["heading"]}
      onClick={() => onOrder({ by, reversed: here && !order.reversed })}
      title={`Order by ${LABELS[by].toLowerCase()}`}
    >
      {LABELS[by]}
      <Arrow size={12} aria-hidden style={{ visibility: here ? "visible" : "hidden" }} />
    </UnstyledButton>
  );
}

function Row({ of }: { of: IntegrationOverview }) {
  const [open, setOpen] = useState(false);
  return (
    <tbody data-open={open || undefined}>
      <tr>
        <td>
          <Expander of={of} open={open} onToggle={() => setOpen(!open)} />
        </td>
        <td>
          <div className="one-line">
            <Name of={of} />
          </div>
          <Text size="xs" c="dimmed" ff="monospace" className="one-line" title={of.event}>
            {of.event}
          </Text>
        </td>
        <td className="one-line" title={of.url}>
          <Host of={of} />
        </td>
        <td>
          <Status of={of} />
        </td>
        <td>
          <Tally of={of.today} />
        </td>
        <td className="one-line">
          <Last of={of} />
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={6} className={classes["recent"]}>
            <Recent of={of} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Card({ of }: { of: IntegrationOverview }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={classes["card"]}>
      <Group gap={6} wrap="nowrap" justify="space-between">
        <div className="one-line">
          <Name of={of} />
        </div>
        <Expander of={of} open={open} onToggle={() => setOpen(!open)} />
      </Group>
      <Text size="sm" c="dimmed" className="one-line">
        {of.event} → {of.host ?? "a host from the template"}
      </Text>
      <Status of={of} wrap />
      <Group justify="space-between" wrap="nowrap">
        <Tally of={of.today} />
        <Last of={of} />
      </Group>
      {open && <Recent of={of} />}
    </div>
  );
}

function Name({ of }: { of: IntegrationOverview }) {
  return (
    <Anchor
      component={Link}
      to={`/${slugOfApi(of.scope)}/integrations/${of.id}`}
      size="sm"
      fw={500}
      title={nameOf(of)}
    >
      {nameOf(of)}
    </Anchor>
  );
}

function Host({ of }: { of: IntegrationOverview }) {
  return (
    <Text span size="sm" c="dimmed">
      {of.host ?? "from the template"}
    </Text>
  );
}

function Last({ of }: { of: IntegrationOverview }) {
  return (
    <Text span size="sm" c="dimmed">
      {of.last_attempt_at ? <Time at={of.last_attempt_at} /> : "never"}
    </Text>
  );
}
