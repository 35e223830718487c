import { HighlightStyle } from "@codemirror/language";
import { tags } from "@lezer/highlight";

/** Colours of JSON that are read easily on a light and on a dark ground; CodeMirror's own are for light alone. */
export const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: "light-dark(var(--mantine-color-blue-9), var(--mantine-color-blue-3))" },
  {
    tag: tags.string,
    color:
      "light-dark(color-mix(in srgb, var(--mantine-color-green-9), black 20%), var(--mantine-color-green-4))",
  },
  {
    tag: tags.number,
    color:
      "light-dark(color-mix(in srgb, var(--mantine-color-orange-9), black 20%), var(--mantine-color-orange-3))",
  },
  {
    tag: [tags.bool, tags.null],
    color: "light-dark(var(--mantine-color-grape-9), var(--mantine-color-grape-3))",
  },
  { tag: tags.invalid, color: "light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))" },
]);
