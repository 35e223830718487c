import { Group, Text, Tooltip } from "@mantine/core";
import type { KeyboardEvent } from "react";

import type { Schemas } from "../api/client";
import classes from "./History.module.css";
import { ceiling, everyDay, saves } from "./history";
import { count, short } from "./numbers";
import { utc } from "./Time";

type Day = Schemas["DayTally"];
type Outcome = Schemas["Outcome"];

/** From the bottom up. */
const OUTCOMES: Outcome[] = ["success", "error", "skipped"];

const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/**
 * Thirty UTC days of attempts, stacked by outcome. The bars are buttons, not a drawing: each day and colour is
 * reached by keyboard, and a list of integrations may show dozens of these at once.
 */
export function History({
  days: known,
  today,
  revisions = [],
  height = 132,
  onPick,
}: {
  days: Day[];
  today: string;
  revisions?: { revision: number; saved_at: string }[];
  height?: number;
  onPick: (day: string, outcome: Outcome) => void;
}) {
  const days = everyDay(known, today);
  const top = ceiling(days);
  return (
    <div className={classes["history"]}>
      <div className={classes["axis"]} style={{ height }} aria-hidden>
        <span>{short(top)}</span>
        <span>{top > 1 && short(top / 2)}</span>
        <span>0</span>
      </div>
      <div>
        <div
          className={classes["days"]}
          style={{ height }}
          role="toolbar"
          tabIndex={-1}
          aria-label="Attempts of the last 30 days; the arrow keys go from bar to bar"
          onKeyDown={walk}
        >
          {days.map((day) => (
            <Bar key={day.date} day={day} top={top} today={day.date === today} onPick={onPick} />
          ))}
          {saves(revisions, days).map((save) => (
            <Tooltip key={save.revision} label={`Revision ${save.revision} saved ${utc(save.at)}`}>
              <div
                className={classes["save"]}
                style={{ left: `${save.place * 100}%` }}
                role="img"
                aria-label={`Revision ${save.revision} saved ${utc(save.at)}`}
              />
            </Tooltip>
          ))}
        </div>
        <Group justify="space-between" className={classes["dates"]} aria-hidden>
          <span>{label(days[0])}</span>
          <span>{label(days[10])}</span>
          <span>{label(days[20])}</span>
          <span>today, so far</span>
        </Group>
      </div>
    </div>
  );
}

function Bar({
  day,
  top,
  today,
  onPick,
}: {
  day: Day;
  top: number;
  today: boolean;
  onPick: (day: string, outcome: Outcome) => void;
}) {
  return (
    <Tooltip label={<Numbers day={day} today={today} />} openDelay={0} transitionProps={{ duration: 0 }}>
      <div className={classes["day"]} data-today={today || undefined}>
        {OUTCOMES.filter((outcome) => day[outcome] > 0).map((outcome) => (
          <button
            key={outcome}
            type="button"
            tabIndex={today && outcome === lastOf(day) ? 0 : -1}
            className={classes[outcome]}
            style={{ height: `max(3px, ${(day[outcome] / top) * 100}%)` }}
            aria-label={`${label(day)}${today ? ", so far" : ""}: ${count(day[outcome])} ${outcome}; show them in the log`}
            onClick={() => onPick(day.date, outcome)}
          />
        ))}
      </div>
    </Tooltip>
  );
}

function Numbers({ day, today }: { day: Day; today: boolean }) {
  return (
    <>
      <Text size="sm" fw={600}>
        {label(day)} UTC{today && ", not over yet"}
      </Text>
      {OUTCOMES.map((outcome) => (
        <Text key={outcome} size="sm">
          {count(day[outcome])} {outcome}
        </Text>
      ))}
    </>
  );
}

function lastOf(day: Day): Outcome | undefined {
  return OUTCOMES.filter((outcome) => day[outcome] > 0).at(-1);
}

function label(day: Day | undefined): string {
  return day ? DATE.format(new Date(day.date)) : "";
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** One stop for the tab key; within, the arrow keys. */
function walk(event: KeyboardEvent<HTMLDivElement>) {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const bars = [...event.currentTarget.querySelectorAll("button")];
  const at = bars.indexOf(event.target as HTMLButtonElement);
  bars[Math.min(bars.length - 1, Math.max(0, at + step))]?.focus();
}
