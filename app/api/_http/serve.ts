import type { z } from "zod";
import type { ApiRoute } from "@/lib/contracts/api-route";
import { type ApiRouteName, apiRoutes } from "@/lib/contracts/api-routes";
import { parseInput } from "@/lib/contracts/field-problems";
import { invariant, toAppError } from "@/lib/core/error";
import type { Log } from "@/lib/platform/log";
import { type Actor, authenticate, requireRole } from "@/lib/services/authenticate";
import { type ConsoleServices, consoleLog, consoleServices } from "@/lib/services/console-services";
import { problemResponse } from "./problem-response";
import { readJson } from "./read-json";

type Routes = typeof apiRoutes;
type QueryOf<N extends ApiRouteName> = z.output<Routes[N]["query"]>;
type PlaceholdersOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PlaceholdersOf<Rest>
  : never;
type ParamsOf<N extends ApiRouteName> = {
  readonly [K in PlaceholdersOf<Routes[N]["path"]>]: string;
};
type AnswerOf<N extends ApiRouteName> = Routes[N] extends { response: infer R extends z.ZodType }
  ? z.input<R>
  : Routes[N] extends { rowsOut: readonly string[] }
    ? Response
    : undefined;

export type ApiCall<N extends ApiRouteName> = {
  readonly services: ConsoleServices;
  /** The path's placeholders, decoded. */
  readonly params: ParamsOf<N>;
  readonly query: QueryOf<N>;
  /** JSON as it came, where the route takes a body; the service checks it. */
  readonly body: unknown;
  /** The rest of the request, for rows that come as a stream. */
  readonly request: Request;
};

type RouteContext = { readonly params: Promise<Record<string, string | string[] | undefined>> };
type Handler = (request: Request, context: RouteContext) => Promise<Response>;

/**
 * One route of the table: authenticate → parse → `answer` → respond. Whatever is thrown becomes a
 * problem document, and every change is logged with who made it.
 */
export function serve<N extends ApiRouteName>(
  name: N,
  answer: (call: ApiCall<N>) => Promise<AnswerOf<N>>,
): Handler {
  const route: ApiRoute = apiRoutes[name];
  return async (request, context) => {
    const log = consoleLog();
    let actor: Actor | null = null;
    try {
      const services = consoleServices();
      if (route.role !== null) {
        actor = await authenticate(services, request, { isPoll: route.isShared === true });
        requireRole(actor, route.role);
      }
      const params = paramsOf<N>(route, await context.params);
      const query = parseQuery<N>(route, request);
      const body = route.body ? await readJson(request) : undefined;
      const call = { services, params, query, body, request };
      if (route.isShared) {
        const asked = JSON.stringify([name, params, query]);
        const find = async () => JSON.stringify(await answer(call));
        return respondJson(await services.answers.get(asked, find), route.status);
      }
      const result = await answer(call).finally(() => {
        if (route.method !== "GET") services.answers.forget();
      });
      if (actor && route.method !== "GET") logChange(log, name, actor, params);
      return respond(route, result);
    } catch (thrown) {
      logFailure(log, name, actor, thrown);
      return problemResponse(thrown);
    }
  };
}

function respond(route: ApiRoute, result: unknown): Response {
  if (result instanceof Response) return result;
  if (route.status !== 204) return respondJson(JSON.stringify(result), route.status);
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

function respondJson(json: string, status: number): Response {
  const headers = { "cache-control": "no-store", "content-type": "application/json" };
  return new Response(json, { status, headers });
}

function parseQuery<N extends ApiRouteName>(route: ApiRoute, request: Request): QueryOf<N> {
  const given = Object.fromEntries(new URL(request.url).searchParams);
  // The schema is this route's own, so what it gives is what the route's type says.
  return (route.query ? parseInput(route.query, given) : {}) as QueryOf<N>;
}

/** Every placeholder of the route's path: Next fills them from the folders of the same names. */
function paramsOf<N extends ApiRouteName>(
  route: ApiRoute,
  given: Record<string, string | string[] | undefined>,
): ParamsOf<N> {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
  return Object.fromEntries(
    names.map((name) => {
      const value = given[name];
      invariant(typeof value === "string", `The folder of ${route.path} is named [${name}]`);
      return [name, decode(value)];
    }),
  ) as ParamsOf<N>;
}

/** Next gives placeholders as they stand in the address. What cannot be decoded names nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function logChange(
  log: Log,
  operation: ApiRouteName,
  actor: Actor,
  params: Readonly<Record<string, string>>,
): void {
  const { userId, email, role, via } = actor;
  log.info({ operation, params, actor: { userId, email, role, via } }, "changed");
}

function logFailure(log: Log, operation: ApiRouteName, actor: Actor | null, thrown: unknown): void {
  const error = toAppError(thrown);
  const facts = { operation, code: error.code, details: error.details, userId: actor?.userId };
  if (error.fault === "user") log.debug(facts, "refused");
  else log.error({ ...facts, message: error.message, stack: stackOf(thrown) }, "failed");
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined;
}
