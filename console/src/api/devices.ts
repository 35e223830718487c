import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answered, api, type Schemas } from "./client";
import { base, type Scope } from "./scope";

export type Device = Schemas["DeviceRecord"];

/** Devices on a page of a product. */
const PAGE = 50;

/** All devices of the person. */
export const myDevices = queryOptions({
  queryKey: ["devices", "me"],
  queryFn: () => answered(api.GET("/v1/devices")),
});

/** A product's devices, page by page, the last heard first. */
export function devicesOfProduct(product: number, search: string) {
  const text = search.trim();
  const byId = /^[0-9a-f]{6,24}$/i.test(text);
  return infiniteQueryOptions({
    queryKey: ["devices", "product", product, text],
    initialPageParam: 1,
    queryFn: ({ pageParam }) =>
      answered(
        api.GET("/v1/products/{product}/devices", {
          params: {
            path: { product: String(product) },
            query: {
              page: pageParam,
              per_page: PAGE,
              ...(text === "" ? {} : byId ? { deviceId: text.toLowerCase() } : { deviceName: text }),
            },
          },
        }),
      ),
    getNextPageParam: ({ meta }) => (meta.page < meta.total_pages ? meta.page + 1 : undefined),
  });
}

/** Most names asked for at once; the devices of a larger product go by their ids. */
const NAMED = 1_000;

/** Names of a scope's devices by their ids. */
export function deviceNames(scope: Scope) {
  return queryOptions({
    queryKey: ["devices", "names", scope],
    staleTime: 60_000,
    queryFn: async (): Promise<ReadonlyMap<string, string>> => {
      const devices = await namedDevices(scope);
      return new Map(devices.flatMap(({ id, name }) => (name ? [[id, name] as const] : [])));
    },
  });
}

async function namedDevices(scope: Scope): Promise<Device[]> {
  if (scope.kind === "me") return answered(api.GET("/v1/devices"));
  if (scope.kind === "org") return [];
  const page = await answered(
    api.GET("/v1/products/{product}/devices", {
      params: { path: { product: String(scope.id) }, query: { per_page: NAMED } },
    }),
  );
  return page.devices;
}

/** One device, as its owner or its product sees it. */
export function oneDevice(scope: Scope, id: string) {
  return queryOptions({
    queryKey: ["device", id, base(scope)],
    // What is not there now is not asked for again and again.
    refetchInterval: ({ state }) => (state.data ? 15_000 : false),
    queryFn: () =>
      scope.kind === "product"
        ? answered(
            api.GET("/v1/products/{product}/devices/{device}", {
              params: { path: { product: String(scope.id), device: id } },
            }),
          )
        : answered(api.GET("/v1/devices/{device}", { params: { path: { device: id } } })),
  });
}

/** The newest stored event of a device; none when it has not been heard. */
export function lastEvent(id: string) {
  return queryOptions({
    queryKey: ["device", id, "last event"],
    staleTime: 30_000,
    queryFn: async () => {
      const found = await answered(
        api.GET("/fieldhook/v1/events", { params: { query: { device: id, limit: 1 } } }),
      );
      return found.items[0] ?? null;
    },
  });
}
