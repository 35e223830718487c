import { NumberInput, SegmentedControl, Select, Stack, Switch, Text, Textarea } from "@mantine/core";

import { type Answer, FAULTS, type Fault, LIMIT, statusName } from "./answer";
import classes from "./AnswerPanel.module.css";
import { HeaderFields } from "./HeaderFields";

/** How many bytes a drip has when it begins, and how far they are apart. */
const DRIP = { bytes: 64, every_ms: 1_000 };
/** Filler when there is some, until told otherwise. */
const FILLER = 5 * 1024;

/** What one answer consists of. Fields of what a fault never sends are not shown. */
export function AnswerFields({
  answer,
  change,
  wrong,
}: {
  answer: Answer;
  change: (change: Answer) => void;
  wrong: (field: string) => string | undefined;
}) {
  const fault = answer.fault ?? "none";
  const sends = fault !== "hang" && fault !== "reset_before";
  return (
    <div className={classes.fields}>
      {sends && (
        <NumberInput
          label="Status"
          description={statusName(answer.status ?? 200)}
          min={200}
          max={599}
          clampBehavior="none"
          allowDecimal={false}
          value={answer.status ?? 200}
          error={wrong("status")}
          onChange={(status) => change({ status: Number(status) })}
        />
      )}
      <NumberInput
        label="Delay, seconds"
        description="0 to 30"
        min={0}
        max={LIMIT.waitMs / 1_000}
        clampBehavior="none"
        step={1}
        decimalScale={3}
        value={(answer.delay_ms ?? 0) / 1_000}
        error={wrong("delay_ms")}
        onChange={(seconds) => change({ delay_ms: Math.round(Number(seconds) * 1_000) })}
      />
      <Select
        label="Does wrong"
        description={FAULTS[fault].says}
        data={Object.entries(FAULTS).map(([value, { label }]) => ({ value, label }))}
        value={fault}
        allowDeselect={false}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(fault) => change({ fault: fault as Fault })}
      />
      {sends && <DripFields answer={answer} change={change} wrong={wrong} />}
      {sends && <ContentFields answer={answer} change={change} wrong={wrong} />}
      {sends && (
        <div className={classes.whole}>
          <HeaderFields
            headers={answer.headers ?? []}
            change={(headers) => change({ headers })}
            wrong={wrong("headers")}
          />
        </div>
      )}
    </div>
  );
}

interface FieldsProps {
  answer: Answer;
  change: (change: Answer) => void;
  wrong: (field: string) => string | undefined;
}

function DripFields({ answer: { drip }, change, wrong }: FieldsProps) {
  return (
    <>
      <Switch
        mt={26}
        label="Drip the body"
        description="Send it in small pieces"
        checked={drip != null}
        onChange={({ currentTarget }) => change({ drip: currentTarget.checked ? DRIP : null })}
      />
      {drip && (
        <>
          <NumberInput
            label="Bytes in a piece"
            description="At least 1"
            min={1}
            clampBehavior="none"
            allowDecimal={false}
            value={drip.bytes}
            error={wrong("drip.bytes")}
            onChange={(bytes) => change({ drip: { ...drip, bytes: Number(bytes) } })}
          />
          <NumberInput
            label="Milliseconds between"
            description="1 to 30,000"
            min={1}
            max={LIMIT.waitMs}
            clampBehavior="none"
            allowDecimal={false}
            value={drip.every_ms ?? DRIP.every_ms}
            error={wrong("drip.every_ms")}
            onChange={(every) => change({ drip: { ...drip, every_ms: Number(every) } })}
          />
        </>
      )}
    </>
  );
}

/** A body, filler of some length, or nothing: one excludes the others. */
function ContentFields({ answer: { body, body_bytes }, change, wrong }: FieldsProps) {
  const kind = body != null ? "text" : body_bytes != null ? "filler" : "none";
  const choose = (kind: string) =>
    change({ body: kind === "text" ? "" : null, body_bytes: kind === "filler" ? FILLER : null });
  return (
    <Stack gap={6} className={classes.whole}>
      <Text size="sm" fw={500}>
        Body
      </Text>
      <SegmentedControl
        size="xs"
        aria-label="Body"
        style={{ alignSelf: "flex-start" }}
        data={[
          { value: "none", label: "None" },
          { value: "text", label: "Text" },
          { value: "filler", label: "Filler" },
        ]}
        value={kind}
        onChange={choose}
      />
      {kind === "text" && (
        <Textarea
          aria-label="Text of the body"
          autosize
          minRows={2}
          maxRows={12}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={body ?? ""}
          error={wrong("body")}
          onChange={({ currentTarget }) => change({ body: currentTarget.value })}
        />
      )}
      {kind === "filler" && (
        <NumberInput
          aria-label="Kilobytes of filler"
          w={190}
          suffix=" KiB"
          min={0}
          max={LIMIT.filler / 1024}
          clampBehavior="none"
          thousandSeparator
          decimalScale={3}
          value={(body_bytes ?? 0) / 1024}
          error={wrong("body_bytes")}
          onChange={(kilobytes) => change({ body_bytes: Math.round(Number(kilobytes) * 1024) })}
        />
      )}
    </Stack>
  );
}
