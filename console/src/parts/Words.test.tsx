import { render } from "@testing-library/react";
import { expect, test } from "vitest";

import { Words } from "./Words";

test("what stands between backticks is literal, and the rest is a sentence", () => {
  const { container } = render(<Words of="the header `X-Key` is `<b>`, and empty" />);
  expect(container.textContent).toBe("the header X-Key is <b>, and empty");
  expect([...container.querySelectorAll("code")].map((code) => code.textContent)).toEqual(["X-Key", "<b>"]);
});

test("a sentence without any is left as it is", () => {
  const { container } = render(<Words of="nothing literal" />);
  expect(container.innerHTML).toBe("nothing literal");
});
