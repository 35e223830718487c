import type { Settings } from "./answer";
import groups from "./presets.json";

/** A way to misbehave, in one click. */
export interface Preset {
  label: string;
  /** What the integration's log then shows. */
  says: string;
  settings: Settings;
}

/**
 * Every error of the troubleshooting guide, to be met on purpose. `url` is the endpoint's own. The list is a file that
 * the server's tests read too: they try each of them and look at what an integration makes of it.
 */
export function presets(url: string): { group: string; items: Preset[] }[] {
  return groups.map(({ group, items }) => ({
    group,
    items: items.map(({ label, says, settings }) => ({
      label,
      says,
      settings: JSON.parse(JSON.stringify(settings).replaceAll("{url}", url)) as Settings,
    })),
  }));
}
