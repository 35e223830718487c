import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { readText } from "../../api/client";
import { oneEvent } from "../../api/events";
import { base, slugOf } from "../../api/scope";
import { useAddress } from "../../frame/useAddress";
import { useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";
import { Failed, Loading } from "../../parts/State";
import { Builder } from "./Builder";
import { DraftProvider } from "./draft";
import { descend } from "./model/findings";
import { laidOut, member, read } from "./model/json";

/** Changes an integration. */
export default function Edit() {
  const { scope } = useScope();
  const { integration = "" } = useParams({ strict: false });
  const [{ event: wanted = "" }] = useAddress();
  const event = useQuery({ ...oneEvent(wanted), enabled: wanted !== "", refetchInterval: false });
  const saved = useQuery({
    // By itself: what is being written must not change under the writer when the log does.
    queryKey: ["template", integration],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: () => newest(base(scope), integration),
  });
  if (!saved.data || (wanted !== "" && event.isPending)) {
    return (
      <Page
        title="Edit integration"
        above={[{ label: "Integrations", to: `/${slugOf(scope)}/integrations` }]}
      >
        {saved.isError ? (
          <Failed error={saved.error} retry={() => void saved.refetch()} />
        ) : (
          <Loading rows={8} />
        )}
      </Page>
    );
  }
  const { text, name } = saved.data;
  return (
    <DraftProvider
      key={integration}
      begin={text}
      sample={event.data ?? {}}
      scope={scope}
      integration={integration}
    >
      <Builder
        title={name === "" ? "Edit integration" : `Edit ${name}`}
        back={`/${slugOf(scope)}/integrations/${integration}`}
      />
    </DraftProvider>
  );
}

/** The template as it was saved last, without what a reading of the integration adds to it. */
async function newest(base: string, integration: string): Promise<{ text: string; name: string }> {
  const answer = await readText(`${base}/integrations/${encodeURIComponent(integration)}/revisions?limit=1`);
  const template = descend(read(answer), "items.0.template");
  if (!template) throw new Error("The integration has no revision");
  const text = laidOut(answer, template);
  const label = (key: string) => {
    const node = member(template, key);
    return node?.kind === "text" ? node.value : "";
  };
  return { text, name: label("name") || label("event") };
}
