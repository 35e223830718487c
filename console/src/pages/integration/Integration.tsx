import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { overview } from "../../api/integrations";
import { Page } from "../../parts/Page";
import { nameOf } from "../../parts/standing";
import { Failed, Loading } from "../../parts/State";
import { Logs } from "./log/Logs";

export default function Integration() {
  const { integration: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useQuery(overview(id));
  if (!data)
    return (
      <Page title="Integration">
        {error ? <Failed error={error} retry={() => void refetch()} /> : <Loading />}
      </Page>
    );
  return (
    <Page title={nameOf(data)}>
      <Logs integration={id} />
    </Page>
  );
}
