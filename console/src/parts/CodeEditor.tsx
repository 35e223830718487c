import { json } from "@codemirror/lang-json";
import { syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";

import { highlight } from "./highlight";

/** Something to underline. Lines and columns count from 1; without a line the whole is meant. */
export interface Mark {
  level: "error" | "warning" | "note";
  message: string;
  line?: number | null;
  column?: number | null;
}

export interface EditorProps {
  /** What the field is, for those who cannot see it. */
  label: string;
  value: string;
  onChange?: (value: string) => void;
  language?: "json" | "text";
  readOnly?: boolean;
  marks?: Mark[];
  minHeight?: number;
  maxHeight?: number;
}

/** An editor for templates and JSON. Its value is its owner's; its cursor and history are its own. */
export default function CodeEditor({
  label,
  value,
  onChange,
  language = "json",
  readOnly = false,
  marks = [],
  minHeight = 120,
  maxHeight = 480,
}: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  const variable = useRef(new Compartment());
  const dark = useComputedColorScheme() === "dark";
  useEffect(() => {
    changed.current = onChange;
  });

  useEffect(() => {
    if (!place.current) return;
    const told = EditorView.updateListener.of((update) => {
      if (update.docChanged) changed.current?.(update.state.doc.toString());
    });
    const state = EditorState.create({
      doc: value,
      extensions: [
        basicSetup,
        syntaxHighlighting(highlight),
        EditorView.lineWrapping,
        told,
        variable.current.of([]),
      ],
    });
    const editor = new EditorView({ state, parent: place.current });
    view.current = editor;
    return () => editor.destroy();
    // The first value only: later ones are put in below, so that the cursor stays where it is.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const extensions: Extension[] = [
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": label }),
      look(dark, minHeight, maxHeight),
      language === "json" ? json() : [],
      marks.length > 0
        ? [linter(({ state }) => marks.map((mark) => diagnostic(mark, state.doc))), lintGutter()]
        : [],
    ];
    view.current?.dispatch({ effects: variable.current.reconfigure(extensions) });
  }, [label, readOnly, language, marks, minHeight, maxHeight, dark]);

  return <div ref={place} />;
}

function diagnostic(mark: Mark, text: Text): Diagnostic {
  const severity = mark.level === "note" ? "info" : mark.level;
  if (!mark.line || mark.line > text.lines)
    return { from: 0, to: text.length, severity, message: mark.message };
  const line = text.line(mark.line);
  const from = Math.min(line.to, line.from + Math.max(0, (mark.column ?? 1) - 1));
  return { from, to: Math.max(from, line.to), severity, message: mark.message };
}

function look(dark: boolean, minHeight: number, maxHeight: number): Extension {
  return EditorView.theme(
    {
      "&": {
        fontSize: "13px",
        border: "1px solid var(--mantine-color-default-border)",
        borderRadius: "var(--mantine-radius-md)",
        backgroundColor: "var(--mantine-color-body)",
        color: "var(--mantine-color-text)",
      },
      "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)" },
      ".cm-scroller": {
        fontFamily: "var(--mantine-font-family-monospace)",
        minHeight: `${minHeight}px`,
        maxHeight: `${maxHeight}px`,
        overflow: "auto",
      },
      ".cm-gutters": {
        backgroundColor: "var(--mantine-color-default-hover)",
        color: "var(--mantine-color-dimmed)",
        border: "none",
      },
      ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
      ".cm-content": { caretColor: "var(--mantine-color-text)" },
    },
    { dark },
  );
}
