import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal";

/** The documented bound of a request's body. */
export const bodyBytesMax = 5 * 1024 * 1024;

/**
 * The raw body. Throws a Refusal when it is longer than any legal request; what is too much is read
 * and dropped, because a caller that is cut off while it sends does not see the answer.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > bodyBytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyBytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > bodyBytesMax) throw tooLarge();
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}

function tooLarge(): Refusal {
  return new Refusal(
    "OTSRequestBodyTooLarge",
    `The size of the request body exceeds the limit of ${bodyBytesMax} bytes.`,
  );
}
