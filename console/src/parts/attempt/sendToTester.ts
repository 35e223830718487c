import { answered, api, call, type Schemas } from "../../api/client";
import { pathOf, type Revision } from "../../api/integrations";

type Attempt = Schemas["Attempt"];

/**
 * Fills the template in again, as it was at that attempt and with the same event, and sends it to a fresh
 * endpoint of the tester. Answers the endpoint's id.
 */
export async function sendToTester(attempt: Attempt): Promise<string> {
  const { scope, integration, event } = attempt;
  const template = await templateThen(attempt);
  const endpoint = await answered(api.POST("/fieldhook/v1/tester", { body: { scope } }));
  await call("POST", "/fieldhook/v1/render/send", {
    template,
    scope,
    event: { name: event.name, data: event.data, coreid: event.coreid, published_at: event.published_at },
    // Only the integration knows what stands behind the masks; without any, the test stays out of its log.
    ...(JSON.stringify(template).includes("[[SENSITIVE]]") && { integration }),
    to: endpoint.id,
  });
  return endpoint.id;
}

async function templateThen({ integration, scope, revision }: Attempt): Promise<Revision["template"]> {
  let cursor = "";
  for (;;) {
    const { items, next } = await call<{ items: Revision[]; next?: string | null }>(
      "GET",
      `${pathOf(integration, scope)}/revisions?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const then = items.find((one) => one.revision === revision);
    if (then) return then.template;
    if (!next) throw new Error(`revision ${revision} of the integration is not kept any more`);
    cursor = next;
  }
}
