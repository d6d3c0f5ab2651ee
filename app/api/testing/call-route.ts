import { readdirSync } from "node:fs";
import path from "node:path";

/** A route file and the address it answers, as Next derives it: `[name]` → `{name}`. */
export type RouteFile = { readonly file: string; readonly path: string };

const appDirectory = path.join(process.cwd(), "app");

export function listRouteFiles(): RouteFile[] {
  return readdirSync(path.join(appDirectory, "api"), { recursive: true, encoding: "utf8" })
    .filter((file) => path.basename(file) === "route.ts")
    .map((file) => ({
      file: path.join(appDirectory, "api", file),
      path: `/api/${path.dirname(file)}`.replaceAll(/\[(\w+)\]/g, "{$1}"),
    }))
    .sort((one, other) => one.path.localeCompare(other.path));
}

type Handler = (request: Request, context: { params: Promise<object> }) => Promise<Response>;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers that they do not know yet
  readonly body: any;
};

/** Calls the handler that Next would call for this address, with a real Request. */
export async function callRoute(
  method: string,
  address: string,
  options: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const url = new URL(address, "http://127.0.0.1:3000");
  const { handler, params } = await findHandler(method, url.pathname);
  const body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
  const request = new Request(url, {
    method,
    headers: {
      host: url.host,
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body }),
  });
  const response = await handler(request, { params: Promise.resolve(params) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

async function findHandler(method: string, pathname: string) {
  for (const { file, path: template } of byPrecedence(listRouteFiles())) {
    const match = patternOf(template).exec(pathname);
    if (!match) continue;
    const route = (await import(file)) as Record<string, Handler>;
    const handler = route[method];
    if (!handler) throw new Error(`${template} does not answer ${method}`);
    return { handler, params: match.groups ?? {} };
  }
  throw new Error(`No route for ${pathname}`);
}

/** Fixed names go before placeholders, and what takes the rest of an address goes last. */
function byPrecedence(routes: RouteFile[]): RouteFile[] {
  const rank = ({ path: at }: RouteFile) => (at.includes("...") ? 2 : at.includes("{") ? 1 : 0);
  return routes.sort((one, other) => rank(one) - rank(other));
}

function patternOf(template: string): RegExp {
  const source = template
    .replaceAll(/\[\.\.\.(\w+)\]/g, "(?<$1>.+)")
    .replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
