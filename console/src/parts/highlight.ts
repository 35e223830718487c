import { HighlightStyle } from "@codemirror/language";
import { tags } from "@lezer/highlight";

/** A colour that is read easily (WCAG AA) on a light and on a dark ground. */
function ink(color: string): string {
  const light = `color-mix(in srgb, var(--mantine-color-${color}-9), black 25%)`;
  return `light-dark(${light}, var(--mantine-color-${color}-3))`;
}

/** Colours of JSON for both grounds; CodeMirror's own are for a light one alone. */
export const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: ink("blue") },
  { tag: tags.string, color: ink("green") },
  { tag: tags.number, color: ink("orange") },
  { tag: [tags.bool, tags.null], color: ink("grape") },
  { tag: tags.invalid, color: ink("red") },
]);
