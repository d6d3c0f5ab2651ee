import { createHash } from "node:crypto";
import type { UploadedPart } from "@/lib/core/ports/object-store";
import { splitPartToken } from "./part-token";

const md5Pattern = /^"?([0-9a-f]{32})"?$/;

/**
 * The ETag that S3 gives an object completed from these parts: the MD5 of its parts' MD5s, and how
 * many they are. Null when the parts' ETags are no MD5s, as with some server-side encryption.
 */
export function etagOfParts(parts: readonly UploadedPart[]): string | null {
  const whole = createHash("md5");
  for (const part of parts) {
    const [, md5] = md5Pattern.exec(splitPartToken(part.etag).etag) ?? [];
    if (md5 === undefined) return null;
    whole.update(Buffer.from(md5, "hex"));
  }
  return `${whole.digest("hex")}-${parts.length}`;
}
