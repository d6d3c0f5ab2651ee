import type { IncomingMessage } from "node:http";
import { beyond, limits } from "./limits";

const bodyBytesMax = limits.bodyBytes.max;

/**
 * The raw body. Throws a Refusal when it is longer than any legal request; what is too much is read
 * and dropped, because a caller that is cut off while it sends does not see the answer.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > bodyBytesMax) throw beyond(limits.bodyBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyBytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > bodyBytesMax) throw beyond(limits.bodyBytes);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}
