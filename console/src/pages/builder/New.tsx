import { useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { slugOf } from "../../api/scope";
import { useScope } from "../../frame/useScope";
import { PRESETS, templateOf } from "../../gallery";
import { Builder } from "./Builder";
import { DraftProvider } from "./draft";
import { FillIn } from "./FillIn";
import { EMPTY, setRaw } from "./model/edit";

/** Makes an integration: from nothing, on an event or to a URL that is given, or from a preset of the gallery once that is filled in. */
export default function New() {
  const { scope } = useScope();
  const { preset: id, event, url } = useSearch({ from: "/$scope/integrations/new" });
  const preset = PRESETS.find((preset) => preset.id === id);
  const [own, setOwn] = useState<Record<string, string>>();
  if (preset && !own) return <FillIn preset={preset} onFilled={setOwn} />;
  return (
    <DraftProvider
      begin={preset ? templateOf(preset, own ?? {}) : begun({ event, url })}
      dirtyFrom={EMPTY}
      sample={preset?.event ?? {}}
      scope={scope}
    >
      <Builder
        title={preset ? `New integration: ${preset.title}` : "New integration"}
        back={`/${slugOf(scope)}/${preset ? "gallery" : "integrations"}`}
      />
    </DraftProvider>
  );
}

/** An empty integration, with what is known of it already. */
function begun(known: { event: string | undefined; url: string | undefined }) {
  return Object.entries(known).reduce(
    (draft, [key, value]) => (value ? setRaw(draft, key, JSON.stringify(value)) : draft),
    EMPTY,
  );
}
