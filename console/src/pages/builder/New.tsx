import { slugOf } from "../../api/scope";
import { useScope } from "../../frame/useScope";
import { Builder } from "./Builder";
import { DraftProvider } from "./draft";
import { EMPTY } from "./model/edit";

/** Makes an integration, from nothing or from a preset of the gallery. */
export default function New() {
  const { scope } = useScope();
  return (
    <DraftProvider begin={EMPTY} sample={{}} scope={scope}>
      <Builder title="New integration" back={`/${slugOf(scope)}/gallery`} />
    </DraftProvider>
  );
}
