import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client } from "@aws-sdk/client-s3";

/**
 * How to reach one bucket. `endpoint` absent means AWS itself. Older S3-compatible stores refuse
 * the CRC32 that is sent by default; `WHEN_REQUIRED` sends them Content-MD5 instead.
 */
export type S3StoreConfig = {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly forcePathStyle: boolean;
  /**
   * A connection that is silent for so long does not answer; default 30 s. A request as a whole may
   * take ten times as long: a large part on a slow line moves all the while.
   */
  readonly requestTimeoutMs?: number | undefined;
  readonly requestChecksumCalculation?: "WHEN_SUPPORTED" | "WHEN_REQUIRED" | undefined;
};

const connectionTimeoutMs = 5_000;
const requestTimeoutDefaultMs = 30_000;
const socketsMax = 64;

/**
 * Two attempts only: whoever calls an ObjectStore retries with back-off and shows people that it
 * does, so longer retries in here would hide a failing destination from them.
 */
export function createS3Client(config: S3StoreConfig): S3Client {
  const agentOptions = { keepAlive: true, keepAliveMsecs: 10_000, maxSockets: socketsMax };
  const requestTimeoutMs = config.requestTimeoutMs ?? requestTimeoutDefaultMs;
  const checksums = config.requestChecksumCalculation ?? "WHEN_SUPPORTED";
  return new S3Client({
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    region: config.region,
    credentials: {
      accessKeyId: config.accessKeyId,
      secretAccessKey: config.secretAccessKey,
    },
    forcePathStyle: config.forcePathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: Math.min(connectionTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs * 10,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent(agentOptions),
    },
  });
}
