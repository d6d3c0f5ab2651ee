import http from "node:http";
import https from "node:https";

export type HttpReply = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
};

/** Why there is no answer to judge: nobody there, too slow, too much, damaged, or we hung up. */
export type TransportFailure = "unreachable" | "timeout" | "too_large" | "damaged" | "closed";

/** No usable HTTP response. Whether the service did what was asked is unknown. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly failure: TransportFailure;
  /** The system's name for it, as ECONNREFUSED; null when it has none. */
  readonly systemCode: string | null;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
    this.systemCode = systemCodeOf(cause);
  }
}

function systemCodeOf(cause: unknown): string | null {
  if (!(cause instanceof Error) || !("code" in cause)) return null;
  return typeof cause.code === "string" ? cause.code : null;
}

/** Idle connections go before the service closes them, or a request could meet the closing. */
const idleConnectionMs = 20_000;
const connectionsMax = 256;

export type TransportOptions = {
  /** `http://127.0.0.1:8087` or `https://<instance>.<region>.ots.aliyuncs.com`; a path is dropped. */
  readonly endpoint: string;
  /** For one request from its first byte to the answer's last. */
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
};

/** POSTs over kept-alive connections. Safe for concurrent use. */
export class HttpTransport {
  readonly #origin: URL;
  readonly #timeoutMs: number;
  readonly #responseBytesMax: number;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  readonly #open = new Set<http.ClientRequest>();
  #closed = false;

  constructor({ endpoint, timeoutMs, responseBytesMax }: TransportOptions) {
    this.#origin = new URL(endpoint);
    const isTls = this.#origin.protocol === "https:";
    if (!isTls && this.#origin.protocol !== "http:") {
      throw new TypeError("An endpoint begins with http:// or https://");
    }
    const agentOptions = { keepAlive: true, timeout: idleConnectionMs, maxSockets: connectionsMax };
    this.#agent = isTls ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.#request = isTls ? https.request : http.request;
    this.#timeoutMs = timeoutMs;
    this.#responseBytesMax = responseBytesMax;
  }

  /** Any status is a reply. Rejects with TransportError and nothing else. */
  post(path: string, headers: http.OutgoingHttpHeaders, body: Uint8Array): Promise<HttpReply> {
    if (this.#closed) return Promise.reject(new TransportError("closed", "The client is closed"));
    return new Promise((resolve, reject) => {
      const request = this.#request(new URL(path, this.#origin), {
        method: "POST",
        agent: this.#agent,
        headers: { ...headers, "content-length": body.length },
      });
      const timer = setTimeout(() => {
        const waited = `No complete answer within ${this.#timeoutMs} ms`;
        request.destroy(new TransportError("timeout", waited));
      }, this.#timeoutMs);
      this.#open.add(request);
      const settle = () => {
        clearTimeout(timer);
        this.#open.delete(request);
      };
      const fail = (cause: unknown) => {
        settle();
        reject(asTransportError(cause));
      };
      request.on("error", fail);
      request.on("response", (response) => {
        collectBody(response, this.#responseBytesMax).then((bytes) => {
          settle();
          const { statusCode: status = 0, headers: replyHeaders } = response;
          resolve({ status, headers: replyHeaders, body: bytes });
        }, fail);
      });
      request.end(body);
    });
  }

  /** Ends what is under way with TransportError `closed` and frees every connection. */
  close(): void {
    this.#closed = true;
    for (const request of this.#open) {
      request.destroy(new TransportError("closed", "The client was closed"));
    }
    this.#agent.destroy();
  }
}

async function collectBody(response: http.IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = () => {
    const error = new TransportError("too_large", `The answer exceeds ${bytesMax} bytes`);
    response.destroy(error);
    return error;
  };
  if (Number(response.headers["content-length"] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  if (!response.complete) throw new TransportError("unreachable", "The answer was cut short");
  return Buffer.concat(chunks, length);
}

function asTransportError(cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new TransportError("unreachable", message, cause);
}
