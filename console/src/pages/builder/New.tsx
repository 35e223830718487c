import { useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { slugOf } from "../../api/scope";
import { useScope } from "../../frame/useScope";
import { PRESETS, templateOf } from "../../gallery";
import { Builder } from "./Builder";
import { DraftProvider } from "./draft";
import { FillIn } from "./FillIn";
import { EMPTY, setRaw } from "./model/edit";

/** Makes an integration: from nothing, to a URL that is given, or from a preset of the gallery once that is filled in. */
export default function New() {
  const { scope } = useScope();
  const { preset: id, url } = useSearch({ from: "/$scope/integrations/new" });
  const preset = PRESETS.find((preset) => preset.id === id);
  const [own, setOwn] = useState<Record<string, string>>();
  if (preset && !own) return <FillIn preset={preset} onFilled={setOwn} />;
  return (
    <DraftProvider
      begin={preset ? templateOf(preset, own ?? {}) : url ? setRaw(EMPTY, "url", JSON.stringify(url)) : EMPTY}
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
