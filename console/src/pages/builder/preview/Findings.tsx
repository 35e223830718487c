import { Alert, List, Stack, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBraces,
  IconInfoCircle,
  IconKeyOff,
  IconTemplateOff,
  IconZoomExclamation,
} from "@tabler/icons-react";
import type { ReactNode } from "react";

import type { Schemas } from "../../../api/client";
import { percent } from "../../../parts/numbers";
import { useDraft } from "../draft";
import type { Finding, Kind } from "../model/findings";
import { jsonOf } from "../model/payload";
import { unescapedStrings } from "../model/tags";
import { useChecked } from "../rendered";

/**
 * What was found, each kind by itself: what no event can mend, what one event broke, what is no fault, and doubts.
 * While the findings are not yet those of the current draft, nothing more is asked: it may be broken by now.
 */
export function Findings({ kinds, current }: { kinds: Record<Kind, Finding[]>; current: boolean }) {
  const { event, template, trial } = useDraft();
  const checked = useChecked(trial, current && kinds.template.length === 0);
  const json = jsonOf(template);
  const open = json?.mode === "text" ? unescapedStrings(json.text) : [];
  const missing = checked.data?.missing ?? [];
  // The check says the same of many events, with the share, and says it better.
  const look = kinds.look.filter(({ code }) => code !== "variable-missing" || missing.length === 0);
  return (
    <Stack gap="xs" aria-live="polite">
      {kinds.template.length > 0 && (
        <Kindred color="red" icon={<IconTemplateOff />} title="The template is broken: no event can mend it">
          {kinds.template.map(told)}
        </Kindred>
      )}
      {kinds.result.length > 0 && (
        <Kindred
          color="red"
          icon={<IconAlertTriangle />}
          title={`The template is sound, and the event ${event.name ?? ""} breaks what it becomes`}
        >
          {kinds.result.map(told)}
        </Kindred>
      )}
      {kinds.secret.length > 0 && (
        <Kindred color="red" icon={<IconKeyOff />} title="A secret has no value yet">
          {kinds.secret.map(told)}
        </Kindred>
      )}
      {kinds.whenFilled.length > 0 && (
        <Kindred
          color="blue"
          icon={<IconBraces />}
          title="Becomes JSON once it is filled in: nothing is wrong"
        >
          {kinds.whenFilled.map(told)}
        </Kindred>
      )}
      {(look.length > 0 || open.length > 0 || missing.length > 0) && (
        <Kindred color="yellow" icon={<IconZoomExclamation />} title="Worth a look">
          {look.map(told)}
          {open.map((name) => (
            <List.Item key={name}>
              `{name}` stands unescaped between quotes: a quote or a line break in its value breaks the JSON.
              Filled in value by value it cannot.
            </List.Item>
          ))}
          {missing.map(({ name, count, share }) => (
            <List.Item key={`missing ${name}`}>
              `{name}` has no value in {count} of the last events ({percent(share)}) and becomes empty there.
            </List.Item>
          ))}
        </Kindred>
      )}
      <LastEvents checked={checked.data} />
    </Stack>
  );
}

function told({ message, where }: Finding, at: number): ReactNode {
  const place = where.line ? ` (line ${where.line}, column ${where.column ?? 1})` : "";
  return (
    <List.Item key={`${at} ${message}`}>
      {message.includes("line ") ? message : `${message}${place}`}
    </List.Item>
  );
}

function Kindred({
  color,
  icon,
  title,
  children,
}: {
  color: string;
  icon: ReactNode;
  title: string;
  children: ReactNode;
}) {
  return (
    <Alert variant="light" color={color} icon={icon} title={title} p="xs">
      <List size="sm" spacing={4} style={{ overflowWrap: "anywhere" }}>
        {children}
      </List>
    </Alert>
  );
}

/** How the template fares with what really came. */
function LastEvents({ checked }: { checked: Schemas["Checked"] | undefined }) {
  if (!checked || checked.events === 0) return null;
  const { events, rendered, broken_count } = checked;
  return (
    <Text size="xs" c={broken_count > 0 ? "var(--mantine-color-error)" : "dimmed"} component="div">
      <IconInfoCircle size={13} style={{ verticalAlign: "-2px" }} aria-hidden />{" "}
      {rendered === events
        ? `All of the last ${events} matching events render.`
        : `${rendered} of the last ${events} matching events render; ${broken_count} do not.`}
    </Text>
  );
}
