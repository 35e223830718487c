import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";

import { Code } from "../../../parts/Code";
import { useDraft } from "../draft";
import { marksOfField } from "../model/findings";
import { choose, type Format, formatOf, FORMATS, jsonOf, setJson } from "../model/payload";
import { flagOf, isOdd, methodOf, setText, textOf } from "../model/template";
import { PairsField } from "./PairsField";

/** How the data is sent: the format, and what goes out in it. */
export function Payload() {
  const { template, shelf, edit, setShelf } = useDraft();
  const format = formatOf(template);
  const narrow = useMediaQuery("(max-width: 30em)");
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label="Request format"
        fullWidth
        // Four labels have no room beside each other on a telephone.
        orientation={narrow ? "vertical" : "horizontal"}
        data={FORMATS}
        value={format}
        onChange={(chosen) => {
          const done = choose(template, chosen as Format, shelf);
          setShelf(done.shelf);
          edit(() => done.text);
        }}
      />
      <Text size="xs" c="dimmed">
        <Sends format={format} />
      </Text>
      {format === "form" && (
        <PairsField
          of="form"
          name="Field"
          value="Value"
          add="Add a field"
          keepEmpty={methodOf(template) === "GET"}
        />
      )}
      {format === "query" && (
        <PairsField
          of="query"
          name="Parameter"
          value="Value"
          add="Add a parameter"
          keepEmpty={methodOf(template) !== "GET"}
        />
      )}
      {format === "json" && <Json />}
      {format === "body" && <Body />}
    </Stack>
  );
}

/** What a format means with the method that is chosen. */
function Sends({ format }: { format: Format }) {
  const { template } = useDraft();
  const defaults = flagOf(template, "noDefaults")
    ? ""
    : " The default data is sent too, unless a name of yours replaces it.";
  const get = methodOf(template) === "GET";
  switch (format) {
    case "form":
      return get
        ? `A GET has no body: the fields join the query.${defaults}`
        : `Fields as a web form sends them.${defaults}`;
    case "query":
      return get
        ? `Parameters behind the URL.${defaults}`
        : "Parameters behind the URL; the default data goes into the body as a form.";
    case "json":
      return get
        ? "A GET has no body: this is not sent. Choose another request type, or query parameters."
        : `A JSON body.${defaults}`;
    case "body":
      return get
        ? "A GET has no body: this is not sent. Choose another request type, or query parameters."
        : "Any text, sent as it is filled in. Add a Content-Type header that fits; no default data is added.";
  }
}

function Json() {
  const { template, findings, edit } = useDraft();
  const written = jsonOf(template);
  const [wanted, setWanted] = useState(written?.mode ?? "values");
  const [typed, setTyped] = useState(written?.text ?? "");
  if (!written)
    return <Text size="sm">`json` is neither object, list nor text: change it in the custom template.</Text>;
  // White space around the JSON is the editor's own: the template does not keep it.
  if (typed.trim() !== written.text.trim()) {
    setTyped(written.text);
    setWanted(written.mode);
  }
  return (
    <Stack gap={6}>
      <SegmentedControl
        aria-label="How the JSON is filled in"
        size="xs"
        data={[
          { value: "values", label: "Value by value" },
          { value: "text", label: "As one text" },
        ]}
        value={wanted}
        onChange={(mode) => {
          setWanted(mode as typeof wanted);
          edit((template) => setJson(template, typed, mode as typeof wanted));
        }}
      />
      <Text size="xs" c="dimmed">
        {wanted === "text"
          ? "Filled in as a whole, then it must be JSON: so numbers and lists can be sent, and a quote in a value can break it."
          : written.mode === "values"
            ? "Each text is filled in by itself, so no value can break the JSON. What is filled in stays text: “21.5”, not 21.5."
            : "This is no JSON by itself: until it is, it is filled in as one text."}
      </Text>
      <Code
        label="JSON body"
        value={typed}
        minHeight={140}
        marks={marksOfField(typed, findings, "json", written.mode === "values")}
        onChange={(text) => {
          setTyped(text);
          edit((template) => setJson(template, text, wanted));
        }}
      />
    </Stack>
  );
}

function Body() {
  const { template, findings, edit } = useDraft();
  if (isOdd(template, "body"))
    return <Text size="sm">`body` is no text: change it in the custom template.</Text>;
  const text = textOf(template, "body") ?? "";
  return (
    <Code
      label="Custom body"
      language="text"
      value={text}
      minHeight={140}
      marks={marksOfField(text, findings, "body", false)}
      onChange={(text) => edit((template) => setText(template, "body", text))}
    />
  );
}
