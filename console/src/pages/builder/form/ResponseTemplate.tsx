import {
  Alert,
  Badge,
  Button,
  Group,
  Input,
  JsonInput,
  Stack,
  Text,
  Textarea,
  UnstyledButton,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answered, api, call, explained, type Schemas } from "../../../api/client";
import { count, counted } from "../../../parts/numbers";
import { useDraft } from "../draft";
import { type Field, fieldsOf, isChosen, sizeOf, toggled } from "../model/answer";
import { errorOf } from "../model/findings";
import { flagOf, setAny, valueOf } from "../model/template";
import { builtIn } from "../model/variables";
import classes from "../Builder.module.css";

/** What of the answer is published: written by hand, or built by clicking the fields of a real answer. */
export function ResponseTemplate() {
  const { template, findings, edit } = useDraft();
  const node = valueOf(template, "responseTemplate");
  const [pasted, setPasted] = useState<string>();
  const real = useAnswer();
  const answer = pasted ?? real.text;
  if (node && node.kind !== "text") {
    return (
      <Input.Wrapper
        label="Response template"
        description="An object or a list: change it in the custom template."
      />
    );
  }
  const text = node?.value ?? "";
  const write = (text: string) =>
    edit((template) => setAny(template, "responseTemplate", text === "" ? undefined : text));
  return (
    <Stack gap={6}>
      <Textarea
        label="Response template"
        description="Filled in with the answer's JSON; without it the answer is published as it is."
        autosize
        minRows={1}
        maxRows={8}
        value={text}
        error={errorOf(findings, "responseTemplate")}
        onChange={({ currentTarget }) => write(currentTarget.value)}
      />
      <Group gap="xs" justify="space-between">
        <Text size="xs" c="dimmed">
          {pasted === undefined ? real.says : "Fields of the answer below. Click one to publish it."}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => setPasted(pasted === undefined ? (real.text ?? "") : undefined)}
        >
          {pasted === undefined ? "Paste an answer" : "Put it away"}
        </Button>
      </Group>
      {pasted !== undefined && (
        <JsonInput
          aria-label="An answer of the endpoint"
          placeholder={'{"result": {"value": 21.5}}'}
          autosize
          minRows={3}
          maxRows={10}
          formatOnBlur
          value={pasted}
          onChange={setPasted}
        />
      )}
      {answer !== undefined && answer !== "" && <Shaped answer={answer} template={text} onWrite={write} />}
    </Stack>
  );
}

/** A real answer: that of the last test, or of the last attempt that succeeded. */
function useAnswer(): { text: string | undefined; says: string } {
  const { integration, answer } = useDraft();
  const last = useQuery({
    // By itself: what is clicked on must not change under the pointer with every attempt.
    queryKey: ["last-answer", integration],
    staleTime: Number.POSITIVE_INFINITY,
    enabled: integration !== undefined && answer === undefined,
    queryFn: () => lastAnswer(integration ?? ""),
  });
  if (answer)
    return { text: textOfBody(answer), says: "Fields of the answer to the test. Click one to publish it." };
  if (last.data)
    return { text: textOfBody(last.data), says: "Fields of the last good answer. Click one to publish it." };
  return { text: undefined, says: "Send a test or paste an answer to choose from its fields." };
}

async function lastAnswer(integration: string): Promise<Schemas["Answer"] | null> {
  const query = { integration, outcome: "success" as const, limit: 1 };
  const { items } = await answered(api.GET("/fieldhook/v1/attempts", { params: { query } }));
  const [line] = items;
  if (!line) return null;
  const attempt = await call<Schemas["Attempt"]>("GET", `/fieldhook/v1/attempts/${line.id}`);
  return attempt.response ?? null;
}

function textOfBody({ body }: Schemas["Answer"]): string {
  return body.binary ? "" : body.text;
}

/** The fields of an answer, and what publishing costs before and after. */
function Shaped({
  answer,
  template,
  onWrite,
}: {
  answer: string;
  template: string;
  onWrite: (text: string) => void;
}) {
  const draft = useDraft();
  const fields = fieldsOf(answer);
  const [asked] = useDebouncedValue(template, 200);
  const shaped = useQuery({
    queryKey: ["render-text", asked, answer, draft.event],
    enabled: asked !== "" && fields !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const data: unknown = { ...(JSON.parse(answer) as object), ...builtIn(draft.event) };
      return (await answered(api.POST("/fieldhook/v1/render/text", { body: { template: asked, data } })))
        .text;
    },
  });
  if (!fields)
    return (
      <Text size="sm">
        This answer is no JSON object or list: it is published as it is, whatever the template says.
      </Text>
    );
  const unchunked = flagOf(draft.template, "unchunked");
  return (
    <Stack gap={6}>
      <div className={classes.fields}>
        {fields.map((field) => (
          <FieldButton
            key={field.path}
            field={field}
            chosen={isChosen(template, field.path)}
            onClick={() => onWrite(toggled(template, field))}
          />
        ))}
      </div>
      <Group gap="xs">
        <Cost text={answer} unchunked={unchunked} />
        {template !== "" && shaped.data !== undefined && (
          <>
            <Text size="sm" aria-label="becomes">
              →
            </Text>
            <Cost text={shaped.data} unchunked={unchunked} />
          </>
        )}
      </Group>
      {template !== "" && shaped.data !== undefined && (
        <Text size="xs" ff="monospace" className={classes.wrap}>
          {shaped.data === "" ? "(empty: nothing is published)" : shaped.data}
        </Text>
      )}
      {shaped.isError && <Alert color="red">{explained(shaped.error)}</Alert>}
    </Stack>
  );
}

function FieldButton({ field, chosen, onClick }: { field: Field; chosen: boolean; onClick: () => void }) {
  return (
    <UnstyledButton className={classes.field} aria-pressed={chosen} onClick={onClick}>
      <Text span size="xs" ff="monospace" fw={600} className="one-line">
        {field.path}
      </Text>
      <Text span size="xs" ff="monospace" c="dimmed" className="one-line">
        {field.value}
      </Text>
    </UnstyledButton>
  );
}

/** `5,120 B, 10 operations`: one operation for each part and each device that listens. */
function Cost({ text, unchunked }: { text: string; unchunked: boolean }) {
  const size = sizeOf(text, unchunked);
  return (
    <Badge variant="light" color={size.operations > 1 ? "orange" : "teal"} tt="none">
      {count(size.bytes)} B, {counted(size.operations, "operation")}
    </Badge>
  );
}
