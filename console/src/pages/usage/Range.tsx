import { Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useState } from "react";

import { type Day, dayOf, firstOfMonth, isDay, lastOfMonth } from "./days";
import { useScope } from "../../frame/useScope";

interface Change {
  since?: Day;
  until?: Day;
  everything?: boolean;
}

/** Months that can be chosen by name; earlier days by their dates. */
const MONTHS = 6;
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

/** Which days are counted, and whose operations. */
export function Range({
  range: { since, until },
  everything,
  now,
  change,
}: {
  range: { since: Day; until: Day };
  everything: boolean;
  now: Date;
  change: (change: Change) => void;
}) {
  const { name } = useScope();
  const today = dayOf(now);
  const months = Array.from({ length: MONTHS }, (_, back) => firstOfMonth(today, -back));
  const end = (month: Day) => (lastOfMonth(month) < today ? lastOfMonth(month) : today);
  const month = months.find((month) => month === since && end(month) === until);
  const [free, setFree] = useState(month === undefined);
  return (
    <Group gap="sm" align="flex-end">
      <Select
        label="Days (UTC)"
        w={190}
        allowDeselect={false}
        data={[
          ...months.map((month) => ({ value: month, label: MONTH.format(new Date(month)) })),
          { value: "free", label: "From … to …" },
        ]}
        value={free ? "free" : (month ?? "free")}
        onChange={(chosen) => {
          setFree(chosen === "free");
          if (chosen === months[0]) change({ since: undefined, until: undefined });
          else if (chosen && chosen !== "free") change({ since: chosen, until: end(chosen) });
        }}
      />
      {free && (
        <>
          <DayInput label="From" day={since} most={until} choose={(since) => change({ since, until })} />
          <DayInput label="To" day={until} most={today} choose={(until) => change({ since, until })} />
        </>
      )}
      <SegmentedControl
        aria-label="Whose"
        data={[
          { value: "scope", label: name },
          { value: "all", label: "All I can see" },
        ]}
        value={everything ? "all" : "scope"}
        onChange={(whose) => change({ since, until, everything: whose === "all" })}
      />
    </Group>
  );
}

function DayInput({
  label,
  day,
  most,
  choose,
}: {
  label: string;
  day: Day;
  most: Day;
  choose: (day: Day) => void;
}) {
  return (
    <TextInput
      type="date"
      label={label}
      w={150}
      max={most}
      value={day}
      onChange={({ currentTarget }) => {
        if (isDay(currentTarget.value)) choose(currentTarget.value);
      }}
    />
  );
}
