import { answered, api, call, type Schemas } from "../../api/client";
import { pathOf, type Revision } from "../../api/integrations";

type Attempt = Schemas["Attempt"];

/**
 * Fills the template in again, as it was at that attempt and with the same event, and sends it to a fresh
 * endpoint of the tester. Answers the endpoint's id.
 */
export async function sendToTester(attempt: Attempt): Promise<string> {
  return send(attempt, await templateThen(attempt), attempt.event);
}

/** Fills the template in as it is now, and sends it to a fresh endpoint of the tester. Answers the endpoint's id. */
export async function sendEventToTester(
  of: { integration: string; scope: string },
  event: Schemas["Event"],
): Promise<string> {
  const { items } = await revisionsOf(of, "limit=1");
  const newest = items[0];
  if (!newest) throw new Error("the integration has no revision");
  return send(of, newest.template, event);
}

async function send(
  { integration, scope }: { integration: string; scope: string },
  template: Revision["template"],
  event: Pick<Schemas["Event"], "name" | "data" | "coreid" | "published_at">,
): Promise<string> {
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

function revisionsOf({ integration, scope }: { integration: string; scope: string }, query: string) {
  return call<{ items: Revision[]; next?: string | null }>(
    "GET",
    `${pathOf(integration, scope)}/revisions?${query}`,
  );
}

async function templateThen(of: Attempt): Promise<Revision["template"]> {
  const { revision } = of;
  let cursor = "";
  for (;;) {
    const { items, next } = await revisionsOf(
      of,
      `limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const then = items.find((one) => one.revision === revision);
    if (then) return then.template;
    if (!next) throw new Error(`revision ${revision} of the integration is not kept any more`);
    cursor = next;
  }
}
