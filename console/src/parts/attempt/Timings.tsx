import { Text, Tooltip } from "@mantine/core";

import type { Schemas } from "../../api/client";
import { Facts } from "../Facts";
import { bytes, percent } from "../numbers";
import { duration, utc } from "../Time";
import { Section } from "./Section";
import { DEADLINE_US, microseconds, type PhaseSpan, scale, spans } from "./phases";
import classes from "./Timings.module.css";

/** Where the time went, against the 20 s there are, and what the network showed. */
export function TimingsSection({ of }: { of: Schemas["Attempt"] }) {
  const { timings, network } = of;
  // An answer that came whole stopped nowhere, whatever it said.
  const phases = spans(timings, of.code ? of.stopped_in : null);
  const { span, deadline } = scale(timings.total_us);
  return (
    <Section
      title="Timings"
      aside={
        <Text size="xs" c="dimmed">
          {microseconds(timings.total_us)} of the 20 s ({percent(timings.total_us / DEADLINE_US)})
        </Text>
      }
    >
      {phases.length > 0 && (
        <>
          <div className={classes["bar"]} aria-hidden>
            {phases.map((phase) => (
              <Tooltip key={phase.phase} label={`${phase.label}: ${microseconds(phase.took)}`}>
                <div
                  data-phase={phase.phase}
                  data-stopped={phase.stopped || undefined}
                  style={{ left: `${(phase.from / span) * 100}%`, width: `${(phase.took / span) * 100}%` }}
                />
              </Tooltip>
            ))}
            {deadline && <i style={{ left: `${(DEADLINE_US / span) * 100}%` }} title="The 20 s deadline" />}
          </div>
          <ul className={classes["phases"]}>
            {phases.map((phase) => (
              <Phase key={phase.phase} of={phase} />
            ))}
          </ul>
        </>
      )}
      <Facts
        of={[
          ["Waited before", timings.queued_us == null ? null : microseconds(timings.queued_us)],
          ["Address", network.address && addressOf(network)],
          ["Connection", network.address && connectionOf(network)],
          ["Certificate", network.certificate_expires_at && `expires ${utc(network.certificate_expires_at)}`],
          [
            "On the wire",
            network.address && `${bytes(network.bytes_out ?? 0)} out, ${bytes(network.bytes_in ?? 0)} in`,
          ],
        ]}
      />
    </Section>
  );
}

function Phase({ of }: { of: PhaseSpan }) {
  return (
    <li>
      <span className={classes["swatch"]} data-phase={of.phase} aria-hidden />
      <span>
        {of.label}
        {of.stopped && <b> – stopped here</b>}
      </span>
      <span>{microseconds(of.took)}</span>
    </li>
  );
}

function addressOf({ address, addresses = [] }: Schemas["Network"]): string {
  return addresses.length > 1 ? `${address} (of ${addresses.join(", ")})` : (address ?? "");
}

function connectionOf({ reused, idle_ms, http, tls }: Schemas["Network"]): string {
  const kind = reused ? `kept alive${idle_ms == null ? "" : `, idle ${duration(idle_ms)}`}` : "new";
  return [kind, http, tls].filter((fact) => fact != null).join(", ");
}
