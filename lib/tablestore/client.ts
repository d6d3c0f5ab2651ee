import { decodeErrorBody, TablestoreError } from "./error-body";
import { type AdmitBody, type HttpReply, HttpTransport, TransportError } from "./http-transport";
import { decodeMessage, encodeMessage } from "./messages";
import { type OperationName, operations, type RequestOf, type ResponseOf } from "./operations";
import {
  backOffMs,
  isWorthRetrying,
  otherRetry,
  type RetryPlan,
  readRecordsRetry,
} from "./retry-plan";
import { md5Base64, signRequestV2 } from "./signing";

/** Time as the client needs it. */
export type ClientClock = {
  /** Epoch ms; the service refuses requests whose date is 15 minutes off. */
  readonly now: () => number;
  /** Never goes back, ms. */
  readonly monotonic: () => number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export type TablestoreClientOptions = {
  readonly endpoint: string;
  readonly instance: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** For temporary credentials. */
  readonly securityToken?: string | undefined;
  readonly clock: ClientClock;
  /** In [0, 1); spreads the retries of many clients. */
  readonly random: () => number;
  /** For one attempt. */
  readonly timeoutMs?: number | undefined;
  /** Caps the time spent on retries of one call; 0 tries once. Without it the protocol's own plans hold. */
  readonly retryTotalMs?: number | undefined;
  readonly responseBytesMax?: number | undefined;
};

const dataApiVersion = "2015-12-31";
const tunnelApiVersion = "2018-04-01";
const timeoutMsDefault = 60_000;
/** The service's own pages end at 4 MB. */
const responseBytesMaxDefault = 64 * 1024 * 1024;

/**
 * One instance of Tablestore, real or embedded, through signed requests over kept-alive connections.
 * Fails with TablestoreError (the service refused), TransportError (no answer) or MessageError (an
 * answer that is not the protocol's). What may be tried again is, with jittered back-off. Safe for
 * concurrent use.
 */
export class TablestoreClient {
  readonly #options: TablestoreClientOptions;
  readonly #transport: HttpTransport;
  readonly #closing = new AbortController();

  constructor(options: TablestoreClientOptions) {
    this.#options = options;
    this.#transport = new HttpTransport({
      endpoint: options.endpoint,
      timeoutMs: options.timeoutMs ?? timeoutMsDefault,
      responseBytesMax: options.responseBytesMax ?? responseBytesMaxDefault,
    });
  }

  async call<O extends OperationName>(operation: O, request: RequestOf<O>): Promise<ResponseOf<O>> {
    const { request: requestName, response: responseName } = operations[operation];
    const body = encodeMessage(requestName, request);
    const reply = await this.#exchange(operation, body, otherRetry);
    return decodeMessage<(typeof operations)[O]["response"]>(responseName, reply.body);
  }

  /**
   * The raw body, for walkRecords: the hot path makes no object per record. Its digest is left
   * alone, because every row in it has a checksum of its own. `admit` is asked before it is taken.
   */
  async readRecords(request: RequestOf<"ReadRecords">, admit?: AdmitBody): Promise<Uint8Array> {
    const body = encodeMessage("ReadRecordsRequest", request);
    return (await this.#exchange("ReadRecords", body, readRecordsRetry, admit)).body;
  }

  /** Calls under way fail with TransportError `closed`. */
  close(): void {
    this.#closing.abort();
    this.#transport.close();
  }

  async #exchange(
    operation: OperationName,
    body: Uint8Array,
    plan: RetryPlan,
    admit?: AdmitBody,
  ): Promise<HttpReply> {
    const { clock, random, retryTotalMs } = this.#options;
    const totalMs = Math.min(plan.totalMs, retryTotalMs ?? Number.POSITIVE_INFINITY);
    const giveUpAt = clock.monotonic() + totalMs;
    for (let failures = 1; ; failures++) {
      try {
        const reply = await this.#attempt(operations[operation].path, body, admit);
        if (operation !== "ReadRecords") checkDigest(reply);
        return reply;
      } catch (error) {
        const delayMs = backOffMs(plan, failures, random());
        const isLate = clock.monotonic() + delayMs > giveUpAt;
        if (isLate || !isWorthRetrying(error, operations[operation].repeatable)) throw error;
        await clock.sleep(delayMs, this.#closing.signal);
      }
    }
  }

  async #attempt(path: string, body: Uint8Array, admit?: AdmitBody): Promise<HttpReply> {
    const reply = await this.#transport.post(path, this.#signedHeaders(path, body), body, admit);
    if (reply.status >= 200 && reply.status < 300) return reply;
    const error = decodeErrorBody(reply.body);
    throw new TablestoreError({
      httpStatus: reply.status,
      code: error?.code ?? `HTTP${reply.status}`,
      message: error?.message ?? "the answer is no error of the service",
      requestId: headerOf(reply, "x-ots-requestid"),
    });
  }

  #signedHeaders(path: string, body: Uint8Array): Record<string, string> {
    const { accessKeyId, accessKeySecret, instance, securityToken, clock } = this.#options;
    const headers: Record<string, string> = {
      "x-ots-accesskeyid": accessKeyId,
      "x-ots-apiversion": path.startsWith("/tunnel/") ? tunnelApiVersion : dataApiVersion,
      "x-ots-contentmd5": md5Base64(body),
      "x-ots-date": new Date(clock.now()).toISOString(),
      "x-ots-instancename": instance,
    };
    if (securityToken !== undefined) headers["x-ots-ststoken"] = securityToken;
    headers["x-ots-signature"] = signRequestV2({ path, headers }, accessKeySecret);
    return headers;
  }
}

function headerOf(reply: HttpReply, name: string): string | null {
  const value = reply.headers[name];
  return typeof value === "string" ? value : null;
}

function checkDigest(reply: HttpReply): void {
  const digest = headerOf(reply, "x-ots-contentmd5");
  if (digest !== null && digest !== md5Base64(reply.body)) {
    throw new TransportError("damaged", "The answer does not match its digest");
  }
}
