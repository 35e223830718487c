/** Where a variable goes when it is clicked: into the field that had the focus last. */
import { useRef } from "react";

/** Follows the focus within a part of the page, and inserts text where it was. */
export function useInsertion() {
  const target = useRef<HTMLElement>(null);
  return {
    /** To be called whenever something within gets the focus. */
    remember: (focused: EventTarget) => {
      if (!(focused instanceof HTMLElement)) return;
      const editor = focused.closest<HTMLElement>(".cm-content");
      if (editor?.getAttribute("contenteditable") === "true") target.current = editor;
      else if (takesText(focused)) target.current = focused;
    },
    /** Puts the variable there, in the braces that fit the place; says whether there was a place. */
    insert: (name: string): boolean => {
      const element = target.current;
      if (!element?.isConnected) return false;
      const tag = element.dataset["insert"] === "double" ? `{{${name}}}` : `{{{${name}}}}`;
      if (takesText(element)) intoField(element, tag);
      else void intoEditor(element, tag);
      return true;
    },
  };
}

type Field = HTMLInputElement | HTMLTextAreaElement;

function takesText(element: HTMLElement): element is Field {
  if (element instanceof HTMLTextAreaElement) return !element.readOnly;
  return (
    element instanceof HTMLInputElement &&
    element.type === "text" &&
    element.getAttribute("role") !== "combobox"
  );
}

function intoField(field: Field, text: string): void {
  const at = field.selectionStart ?? field.value.length;
  field.setRangeText(text, at, field.selectionEnd ?? at, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

async function intoEditor(content: HTMLElement, text: string): Promise<void> {
  const { EditorView } = await import("@codemirror/view");
  const view = EditorView.findFromDOM(content);
  view?.dispatch(view.state.replaceSelection(text));
  view?.focus();
}
