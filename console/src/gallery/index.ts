/** The presets of the gallery: one file each, whose requests are tested with the server's own rules. */
import type { SampleEvent } from "../pages/builder/model/variables";

export interface Preset {
  id: string;
  title: string;
  category: string;
  /** One sentence on what it does. */
  summary: string;
  /** Where the service describes what it takes. */
  docs?: string;
  /** What to prepare on the other side, step by step. */
  prepare: string[];
  /** Texts of the template that stand for something of one's own. */
  settings: { stands: string; title: string; hint: string }[];
  /** Variables whose values are secret. */
  secrets: { name: string; title: string; hint: string }[];
  event: SampleEvent & { name: string };
  template: Record<string, unknown>;
}

/** The categories, in the order in which they are shown. */
export const CATEGORIES = [
  "Start here",
  "Messages",
  "Alerts",
  "Dashboards",
  "Automation",
  "Cloud",
  "Location",
];

const files = import.meta.glob<Preset>("./presets/*.json", { eager: true, import: "default" });

/** Every preset, by category and title. */
export const PRESETS: Preset[] = Object.values(files).toSorted(
  (a, b) =>
    CATEGORIES.indexOf(a.category) - CATEGORIES.indexOf(b.category) || a.title.localeCompare(b.title, "en"),
);

/** The presets of a category (of all, when none is named) that hold every word of a text. */
export function found(text: string, category: string | null): Preset[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return PRESETS.filter((preset) => {
    if (category !== null && preset.category !== category) return false;
    const whole = `${preset.title} ${preset.category} ${preset.summary}`.toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** The preset's template as text, with one's own settings in place of what stands for them. */
export function templateOf({ template, settings }: Preset, own: Record<string, string>): string {
  const fill = (value: unknown): unknown => {
    if (typeof value === "string")
      return settings.reduce(
        (text, { stands }) => text.replaceAll(stands, () => own[stands] || stands),
        value,
      );
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, value]) => [key, fill(value)]));
    }
    return value;
  };
  return JSON.stringify(fill(template), null, 2);
}
