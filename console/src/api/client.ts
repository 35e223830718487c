import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

/** The shapes of the API, by the names that its OpenAPI file gives them. */
export type Schemas = components["schemas"];

/** Why the server did not do it, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  /** The server's word for programs, such as `invalid_field`. */
  readonly code: string;
  /** The field at fault, where one is. */
  readonly field: string | undefined;
  /** The whole answer; some carry `findings`. */
  readonly body: Record<string, unknown>;
  /** Seconds after which trying again makes sense, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: Record<string, unknown>, retryAfter?: number) {
    super(messageOf(status, body));
    this.name = "ApiError";
    this.status = status;
    this.code = typeof body["error"] === "string" ? body["error"] : String(status);
    this.field = typeof body["field"] === "string" ? body["field"] : undefined;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

function messageOf(status: number, body: Record<string, unknown>): string {
  for (const key of ["error_description", "info", "error"]) {
    const text = body[key];
    if (typeof text === "string" && text !== "") return text;
  }
  return `the server answered ${status} without saying why`;
}

/** What a person reads when something did not work. */
export function explained(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return "The server cannot be reached. Is it running?";
  return error instanceof Error ? error.message : String(error);
}

let csrf = "";

/** Remembers the token that shows the server that a request comes from this page and not from a stranger's. */
export function rememberCsrf(token: string): void {
  csrf = token;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && request.method !== "HEAD") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    throw await failure(response);
  },
};

async function failure(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => ({}));
  const object = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const wait = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ApiError(response.status, object, Number.isFinite(wait) ? wait : undefined);
}

/** The API, typed by path. Answers that are no success are thrown as `ApiError`. */
export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  credentials: "same-origin",
});
api.use(guard);

/** What a call answered. The guard has thrown already when it did not succeed. */
export async function answered<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/**
 * A call whose path depends on the scope, as those of integrations do. Prefer `api` wherever the path is fixed:
 * it knows what the path takes and answers.
 */
export function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  return callWithJson(method, path, body === undefined ? undefined : JSON.stringify(body));
}

/** A call whose body is JSON already, for what must go out as it is written: the order of keys, the digits of numbers. */
export async function callWithJson<T>(method: string, path: string, json?: string): Promise<T> {
  const response = await send(method, path, json);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** An answer as the text that it is, for what must be read as it is written. */
export async function readText(path: string): Promise<string> {
  return (await send("GET", path)).text();
}

async function send(method: string, path: string, json?: string): Promise<Response> {
  const headers: Record<string, string> = {};
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const response = await fetch(path, { method, headers, credentials: "same-origin", body: json });
  if (!response.ok) throw await failure(response);
  return response;
}
