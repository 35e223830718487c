import { act, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { useInsertion } from "./insert";

afterEach(() => document.body.replaceChildren());

function field(html: string): HTMLInputElement | HTMLTextAreaElement {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLInputElement | HTMLTextAreaElement;
}

describe("a variable that is clicked", () => {
  it("goes where the cursor was, and the field's owner hears of it", () => {
    const { result } = renderHook(useInsertion);
    const input = field('<input value="a b">');
    let heard = "";
    input.addEventListener("input", () => (heard = input.value));
    input.setSelectionRange(1, 2);
    act(() => {
      result.current.remember(input);
      result.current.insert("x");
    });
    expect(heard).toBe("a{{{x}}}b");
  });

  it("goes into a URL in double braces, which are percent-encoded there", () => {
    const { result } = renderHook(useInsertion);
    const input = field('<input value="" data-insert="double">');
    result.current.remember(input);
    result.current.insert("x");
    expect(input.value).toBe("{{x}}");
  });

  it("goes nowhere when nothing had the focus, what had it is gone, or it takes no template", () => {
    const { result } = renderHook(useInsertion);
    expect(result.current.insert("x")).toBe(false);
    for (const html of [
      '<input type="password">',
      '<input role="combobox">',
      "<textarea readonly></textarea>",
    ]) {
      result.current.remember(field(html));
      expect(result.current.insert("x")).toBe(false);
    }
    const input = field("<textarea></textarea>");
    result.current.remember(input);
    input.remove();
    expect(result.current.insert("x")).toBe(false);
  });
});
