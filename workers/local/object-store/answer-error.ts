import type { IncomingMessage, ServerResponse } from "node:http";
import { type S3Error, toS3Error } from "./s3-error";
import { writeErrorXml } from "./xml";

const drainMs = 3_000;
const drainBytesMax = 32 * 1024 * 1024;

/**
 * Answers with S3's error document. A client that is still sending reads nothing until it is done,
 * and a connection closed under it shows it a broken pipe instead of the reason; so what is left of
 * the body is read for a while before the connection is closed.
 */
export async function answerError(
  message: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  requestId: string,
): Promise<void> {
  if (response.headersSent || message.socket.destroyed) {
    response.destroy();
    return;
  }
  const error = toS3Error(thrown);
  const body = message.method === "HEAD" ? "" : describeError(message, error, requestId);
  const unread = !message.complete;
  const region = error.extra.Region;
  response.writeHead(error.status, {
    ...(body === "" ? {} : { "content-type": "application/xml" }),
    "content-length": Buffer.byteLength(body),
    ...(region === undefined ? {} : { "x-amz-bucket-region": region }),
    ...(unread ? { connection: "close" } : {}),
  });
  if (body !== "") response.write(body);
  else response.flushHeaders();
  if (unread) await drain(message);
  response.end();
}

function describeError(message: IncomingMessage, error: S3Error, requestId: string): string {
  return writeErrorXml({
    Code: error.code,
    Message: error.message,
    ...error.extra,
    Resource: (message.url ?? "").replace(/\?.*$/s, ""),
    RequestId: requestId,
  });
}

function drain(message: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, drainMs);
    let bytes = 0;
    message.on("data", (data: Buffer) => {
      bytes += data.length;
      if (bytes > drainBytesMax) resolve();
    });
    for (const event of ["end", "close", "error"] as const) {
      message.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
    message.resume();
  });
}
