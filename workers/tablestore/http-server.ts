import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import { encodeErrorBody } from "@/lib/tablestore/error-body";
import { MessageError } from "@/lib/tablestore/messages";
import { collapsePath, md5Base64, signResponse } from "@/lib/tablestore/signing";
import { type AccessRules, type Authenticated, authenticate } from "./authenticate";
import { parameterInvalid, Refusal } from "./refusal";
import { readBody } from "./request-body";

/** Answers one operation. The signal aborts when the caller has gone or the server is closing. */
export type OperationHandler = (body: Buffer, signal: AbortSignal) => Promise<Uint8Array>;

export type HttpServerOptions = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly access: AccessRules;
  /** Handlers by path, such as "/PutRow". */
  readonly operations: ReadonlyMap<string, OperationHandler>;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
};

export type HttpServer = {
  readonly port: number;
  /** Answers what was begun, takes nothing new, and closes every connection. */
  close(): Promise<void>;
};

/** Longer than any client keeps a connection: one of them does not retry what a server hung up on. */
const keepAliveMs = 125_000;
const closeGraceMs = 5_000;

/** Listens; rejects when the port is taken. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const open: OpenRequests = { isClosing: false, controllers: new Set() };
  const server = createServer((request, response) => {
    void serve(options, request, response, open);
  });
  server.keepAliveTimeout = keepAliveMs;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && error.code !== "ECONNRESET") socket.end(answerUnreadable(error.code));
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server, open) };
}

/** What is being answered; one set, because signals that combine others are kept by the longest-lived. */
type OpenRequests = { isClosing: boolean; readonly controllers: Set<AbortController> };

async function closeServer(server: Server, open: OpenRequests): Promise<void> {
  open.isClosing = true;
  for (const controller of open.controllers) controller.abort();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearTimeout(force);
}

/** What cannot be read as HTTP has no path to sign for, and is still answered with a code. */
function answerUnreadable(problem: string | undefined): Buffer {
  const [status, code, message] =
    problem === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ([408, "OTSRequestTimeout", "Request timeout."] as const)
      : problem === "HPE_HEADER_OVERFLOW"
        ? ([431, "OTSParameterInvalid", "The request's header is too large."] as const)
        : ([400, "OTSParameterInvalid", "The request is not HTTP."] as const);
  const body = encodeErrorBody({ code, message });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

type Reply = {
  readonly status: number;
  readonly body: Uint8Array;
  readonly signer: Authenticated | null;
};

async function serve(
  options: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenRequests,
): Promise<void> {
  const stopWaiting = new AbortController();
  open.controllers.add(stopWaiting);
  response.once("close", () => {
    open.controllers.delete(stopWaiting);
    stopWaiting.abort();
  });
  try {
    if (request.method === "GET" && request.url === "/health") {
      response.writeHead(200, { "content-type": "text/plain" }).end("ok");
      return;
    }
    const path = collapsePath(request.url ?? "/");
    const reply = await answer(options, request, path, stopWaiting.signal);
    // A connection that is kept would keep the server from closing.
    if (open.isClosing) response.shouldKeepAlive = false;
    if (!response.destroyed) send(options, response, path, reply);
  } catch (error) {
    // The connection broke while the body was read or written: there is nobody to answer.
    options.log.debug({ err: error }, "a connection broke");
    response.destroy();
  }
}

async function answer(
  options: HttpServerOptions,
  request: IncomingMessage,
  path: string,
  signal: AbortSignal,
): Promise<Reply> {
  let signer: Authenticated | null = null;
  try {
    if (request.method !== "POST") {
      throw new Refusal("OTSMethodNotAllowed", "The request method is not allowed.");
    }
    const body = await readBody(request);
    const toSign = { path, headers: joinedHeaders(request) };
    signer = authenticate(toSign, body, options.access, options.clock.now());
    const handler = options.operations.get(path);
    if (handler === undefined) {
      throw parameterInvalid(`Unsupported operation: \`${path.slice(1, 200)}\`.`);
    }
    return { status: 200, body: await handler(body, signal), signer };
  } catch (error) {
    const refusal = asRefusal(error, options.log, path);
    const { code, message, httpStatus } = refusal;
    return { status: httpStatus, body: encodeErrorBody({ code, message }), signer };
  }
}

/** Bytes that are not the expected message are the caller's fault; anything unknown is ours. */
function asRefusal(error: unknown, log: Log, path: string): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof MessageError) {
    return parameterInvalid(`The request body cannot be read: ${error.message}.`);
  }
  log.error({ err: error, path }, "an operation failed");
  return new Refusal("OTSInternalServerError", "Internal server error.");
}

function joinedHeaders(request: IncomingMessage): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

function send(
  options: HttpServerOptions,
  response: ServerResponse,
  path: string,
  { status, body, signer }: Reply,
): void {
  const signed = {
    "x-ots-contentmd5": md5Base64(body),
    "x-ots-contenttype": "protocol buffer",
    "x-ots-date": new Date(options.clock.now()).toISOString(),
    "x-ots-requestid": options.newId(),
  };
  const authorization =
    signer === null
      ? {}
      : {
          Authorization: signResponse(
            { path, headers: signed },
            signer.accessKeyId,
            signer.signingKey,
          ),
        };
  response.writeHead(status, { ...signed, ...authorization, "Content-Length": body.length });
  response.end(body);
}
