import { answered, api, type Schemas } from "./client";

export type Destination = Schemas["Destination"];

/** The destination of this origin, as the scope's integrations see it; null when nothing was sent there lately. */
export async function destinationAt(scope: string, origin: string | null): Promise<Destination | null> {
  for (let cursor: string | undefined; ;) {
    const query = { scope, limit: 1_000, ...(cursor && { cursor }) };
    const { items, next } = await answered(api.GET("/fieldhook/v1/destinations", { params: { query } }));
    const found = items.find((destination) => destination.origin === origin);
    if (found || !next) return found ?? null;
    cursor = next;
  }
}

/** Empties a destination's window, so that its gate is open. */
export function wake(id: string) {
  return answered(api.POST("/fieldhook/v1/destinations/{id}/wake", { params: { path: { id } } }));
}
