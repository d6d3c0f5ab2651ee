import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "@/lib/platform/free-port";
import { resetSocket } from "./reset-socket";

/** What becomes of one request; null is what a working network does with it. */
export type HttpFault =
  /** The connection breaks before the request is through. */
  | { readonly kind: "reset" }
  /** The request comes late, and is answered as usual. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Request and answer trickle: no side is silent for long. */
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** The request takes effect, and the connection breaks in place of an answer. */
  | { readonly kind: "loseAnswer" }
  /** The request takes effect, and the connection breaks in the middle of the answer. */
  | { readonly kind: "cutAnswer" }
  /** The request takes effect at once, and the answer comes so much later. */
  | { readonly kind: "holdAnswer"; readonly ms: number }
  /** The request is not forwarded; this is answered. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: http.OutgoingHttpHeaders;
      readonly body?: Uint8Array | string;
    };

export type ProxiedRequest = { readonly method: string; readonly url: URL };
export type HttpJudge = (request: ProxiedRequest) => HttpFault | null;

/** An HTTP service seen through a network that fails as told. Keeps `Host`, which signatures cover. */
export type HttpProxy = {
  readonly port: number;
  readonly endpoint: string;
  /** How many requests met which fault; `none` for those that met none. */
  readonly met: ReadonlyMap<HttpFault["kind"] | "none", number>;
  /** Requests from now on; null: none fails. Those under way go on as they were judged. */
  judge(judge: HttpJudge | null): void;
  /** Those under way now are over: none of them can bring what is written from now on. */
  settle(): Promise<void>;
  /** Nobody listens any more, and what is connected is cut. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
};

const host = "127.0.0.1";
const trickleMs = 20;

export async function startHttpProxy(targetPort: number): Promise<HttpProxy> {
  const met = new Map<HttpFault["kind"] | "none", number>();
  const agent = new http.Agent({ keepAlive: true });
  const closed = new AbortController();
  const underWay = new Set<Promise<void>>();
  let current: HttpJudge | null = null;
  const serve: http.RequestListener = (request, response) => {
    const url = new URL(request.url ?? "/", `http://${host}`);
    const fault = current?.({ method: request.method ?? "", url }) ?? null;
    const kind = fault?.kind ?? "none";
    met.set(kind, (met.get(kind) ?? 0) + 1);
    const exchange = { request, response, fault, targetPort, agent, signal: closed.signal };
    // Whatever goes wrong on the way is a broken connection to the client, as with any network.
    const passing = passOn(exchange)
      .catch(() => void request.socket.destroy())
      .finally(() => underWay.delete(passing));
    underWay.add(passing);
  };
  const port = await findFreePort(host);
  let server = await listen(serve, port);
  const refuse = async () => {
    if (!server.listening) return;
    const gone = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await gone;
  };
  return {
    port,
    endpoint: `http://${host}:${port}`,
    met,
    judge: (judge) => {
      current = judge;
    },
    async settle() {
      await Promise.all(underWay);
    },
    refuse,
    async accept() {
      if (!server.listening) server = await listen(serve, port);
    },
    async close() {
      closed.abort();
      await refuse();
      agent.destroy();
    },
  };
}

function listen(serve: http.RequestListener, port: number): Promise<http.Server> {
  // Longer than any client keeps an idle connection: none may be cut but for a fault.
  const server = http.createServer({ keepAliveTimeout: 120_000 }, serve);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

type Exchange = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly fault: HttpFault | null;
  readonly targetPort: number;
  readonly agent: http.Agent;
  readonly signal: AbortSignal;
};

async function passOn(exchange: Exchange): Promise<void> {
  const { request, response, fault, signal } = exchange;
  if (fault?.kind === "reset") return void resetSocket(request.socket);
  const rate = fault?.kind === "throttle" ? fault.bytesPerSecond : Number.POSITIVE_INFINITY;
  const body = await collect(request, rate, signal);
  if (fault?.kind === "delay") await sleep(fault.ms, undefined, { signal });
  if (fault?.kind === "answer") {
    const bytes = Buffer.from(fault.body ?? "");
    response.writeHead(fault.status, { ...fault.headers, "content-length": bytes.length });
    return void response.end(request.method === "HEAD" ? undefined : bytes);
  }
  const answer = await forward(exchange, body);
  if (fault?.kind === "loseAnswer") return void resetSocket(request.socket);
  if (fault?.kind === "holdAnswer") await sleep(fault.ms, undefined, { signal });
  response.writeHead(answer.status, answer.headers);
  if (fault?.kind !== "cutAnswer") return trickle(response, answer.body, rate, signal);
  response.flushHeaders();
  response.write(answer.body.subarray(0, answer.body.length >> 1), () =>
    resetSocket(request.socket),
  );
}

async function collect(
  message: http.IncomingMessage,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    const ms = (chunk.length / bytesPerSecond) * 1_000;
    if (ms > 0) await sleep(ms, undefined, { signal });
  }
  return Buffer.concat(chunks);
}

/** The request goes on although its client may hang up: what was sent is done, later or not. */
function forward(
  { request, targetPort: port, agent }: Exchange,
  body: Buffer,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
  const { expect: _, ...headers } = request.headers;
  return new Promise((resolve, reject) => {
    const { method, url: path } = request;
    const onward = http.request({ host, port, method, path, headers, agent }, (answer) => {
      const { statusCode: status = 502, headers } = answer;
      const whole = collect(answer, Number.POSITIVE_INFINITY, new AbortController().signal);
      whole.then((body) => resolve({ status, headers, body }), reject);
    });
    onward.on("error", reject);
    onward.end(body);
  });
}

async function trickle(
  response: http.ServerResponse,
  body: Buffer,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const step = Math.max(1, Math.floor((bytesPerSecond * trickleMs) / 1_000));
  for (let from = 0; from + step < body.length; from += step) {
    response.write(body.subarray(from, from + step));
    await sleep(trickleMs, undefined, { signal });
  }
  const last = Math.floor(Math.max(0, body.length - 1) / step) * step;
  response.end(Number.isFinite(step) ? body.subarray(last) : body);
}
