import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import { type AccessKey, checkPermission } from "./access-keys";
import { answerError } from "./answer-error";
import { routeRequest } from "./route";
import { toS3Error } from "./s3-error";
import { parseRequest } from "./s3-request";
import { verifySignature } from "./signature-v4";
import { openStore, type Store } from "./store";
import { createTrafficGuard, type TrafficLimits, trafficDefaults } from "./traffic-guard";

/**
 * A stand-in for S3 on one machine: path style, HTTP, one process, files on disk. Every answer of
 * success is durable before it is sent, and a killed process leaves whole objects and nothing else.
 *
 * Limits: 5 GiB for a body, 10,000 parts, 1,000 buckets, 1,024 bytes for a key, 2 KiB of user
 * metadata, 8 MiB of XML, 512 connections. Objects are limited by the disk only: names are kept in
 * a sorted index on disk, so neither memory nor the time to start grows with them. Not here:
 * versions, tags, policies, encryption, virtual-host style, more than one process per directory.
 */
export type ObjectStoreOptions = {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly host: string;
  readonly dataDirectory: string;
  readonly region: string;
  readonly keys: readonly AccessKey[];
  readonly clock: Clock;
  readonly log?: Log;
  /** The index is no longer usable; the process has to be started again. */
  readonly onFatal?: (error: unknown) => void;
  readonly traffic?: TrafficLimits;
};

export type RunningObjectStore = { readonly port: number; close(): Promise<void> };

const headerBytesMax = 32 * 1024;
const headersTimeoutMs = 20_000;
const connectionsMax = 512;
const closeTimeoutMs = 5_000;

export async function startObjectStore(options: ObjectStoreOptions): Promise<RunningObjectStore> {
  const store = await openStore({
    dataDirectory: options.dataDirectory,
    region: options.region,
    clock: options.clock,
    onFatal: (error) => {
      options.log?.fatal({ err: error }, "the index failed");
      options.onFatal?.(error);
    },
  });
  const guard = createTrafficGuard(options.traffic ?? trafficDefaults);
  const running = new Set<Promise<void>>();
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersTimeoutMs,
    // The body may take as long as it moves; the guard sees to that.
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 5_000,
  });
  server.maxConnections = connectionsMax;
  const accept =
    (expectsContinue: boolean) => (message: IncomingMessage, response: ServerResponse) => {
      guard.watch(message, response);
      const handled = handle(store, options, { message, response, expectsContinue });
      running.add(handled);
      void handled.finally(() => running.delete(handled));
    };
  server.on("request", accept(false));
  server.on("checkContinue", accept(true));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.host, resolve);
    });
  } catch (error) {
    guard.stop();
    await store.index.close();
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
      await closed;
      clearTimeout(timer);
      guard.stop();
      await Promise.all(running);
      await store.index.close();
    },
  };
}

type Incoming = {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly expectsContinue: boolean;
};

/** Never rejects: whatever happens becomes an answer, or the end of the connection. */
async function handle(
  store: Store,
  options: ObjectStoreOptions,
  incoming: Incoming,
): Promise<void> {
  const { message, response, expectsContinue } = incoming;
  const requestId = randomBytes(8).toString("hex").toUpperCase();
  response.setHeader("x-amz-request-id", requestId);
  response.setHeader("server", "culvert-object-store");
  try {
    if (isHealthCheck(message)) {
      response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
      return;
    }
    const request = parseRequest(message);
    const verified = verifySignature(request, {
      keys: options.keys,
      region: options.region,
      nowMs: options.clock.now(),
    });
    checkPermission(verified.key, request.method, request.bucket);
    const operation = routeRequest(request);
    if (expectsContinue) response.writeContinue();
    await operation({ store, request, verified, response });
  } catch (error) {
    const unexpected = toS3Error(error).code === "InternalError" && !message.socket.destroyed;
    if (unexpected) options.log?.error({ err: error, requestId }, "a request failed");
    await answerError(message, response, error, requestId).catch(() => response.destroy());
  }
}

/** Asked without a signature; a bucket of that name is only ever asked for with one. */
function isHealthCheck(message: IncomingMessage): boolean {
  const isRead = message.method === "GET" || message.method === "HEAD";
  return isRead && message.url === "/health" && message.headers.authorization === undefined;
}
