import type { By } from "./queries";
import type { Schemas } from "../../api/client";

/** What has no key of its kind belongs to none, and says what it is. */
const NONE: Record<By, string> = {
  product: "Devices without a product",
  integration: "No integration: publishes, and events heard directly",
  device: "No device",
  day: "",
};

/** What a line is called: its name, what stands for none, or its key when its thing has no name or is gone. */
export function nameOf(by: By, { key, name }: Pick<Schemas["UsageLine"], "key" | "name">): string {
  return key === "" ? NONE[by] : (name ?? key);
}
