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
/** A read of an idle channel keeps its connection until the source answers: thousands of channels do. */
const connectionsMax = 4_096;
/** What an answer that does not say its length is taken for: the largest page. */
const bytesUsualMax = 4 * 1024 * 1024;

/** Asked for an answer's bytes before they are taken, which may wait; the request's time stands still. */
export type AdmitBody = (bytes: number) => Promise<void>;

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
  post(
    path: string,
    headers: http.OutgoingHttpHeaders,
    body: Uint8Array,
    admit?: AdmitBody,
  ): Promise<HttpReply> {
    if (this.#closed) return Promise.reject(new TransportError("closed", "The client is closed"));
    return new Promise((resolve, reject) => {
      const request = this.#request(new URL(path, this.#origin), {
        method: "POST",
        agent: this.#agent,
        headers: { ...headers, "content-length": body.length },
      });
      const startTimer = () =>
        setTimeout(() => {
          const waited = `No complete answer within ${this.#timeoutMs} ms`;
          request.destroy(new TransportError("timeout", waited));
        }, this.#timeoutMs);
      let timer = startTimer();
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
      const admitted = async (bytes: number) => {
        clearTimeout(timer);
        await admit?.(bytes);
        if (this.#open.has(request)) timer = startTimer();
      };
      request.on("response", (response) => {
        collectBody(response, this.#responseBytesMax, admitted).then((bytes) => {
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

/** Into one piece of memory where the answer says how long it is: joining would hold it twice. */
async function collectBody(
  response: http.IncomingMessage,
  bytesMax: number,
  admit: AdmitBody,
): Promise<Buffer> {
  const tooLarge = () => {
    const error = new TransportError("too_large", `The answer exceeds ${bytesMax} bytes`);
    response.destroy(error);
    return error;
  };
  const announced = Number(response.headers["content-length"] ?? 0);
  if (announced > bytesMax) throw tooLarge();
  await admit(announced > 0 ? announced : bytesUsualMax);
  const whole = Buffer.allocUnsafeSlow(announced);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length + chunk.length <= whole.length) whole.set(chunk, length);
    else chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) throw tooLarge();
  }
  if (!response.complete) throw new TransportError("unreachable", "The answer was cut short");
  return chunks.length === 0 && length === announced ? whole : Buffer.concat(chunks, length);
}

function asTransportError(cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new TransportError("unreachable", message, cause);
}
