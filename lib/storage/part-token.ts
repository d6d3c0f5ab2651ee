/**
 * What the ledger keeps of an uploaded part: its ETag and, where the store checked one, its CRC32.
 * S3 refuses to complete an upload begun with a checksum unless every part's checksum is sent
 * again, possibly by another worker, so both have to travel in the one text that is stored.
 */
const separator = ";crc32=";

export function joinPartToken(etag: string, crc32: string | undefined): string {
  return crc32 === undefined ? etag : `${etag}${separator}${crc32}`;
}

export function splitPartToken(token: string): { etag: string; crc32: string | undefined } {
  const at = token.lastIndexOf(separator);
  if (at < 0) return { etag: token, crc32: undefined };
  return { etag: token.slice(0, at), crc32: token.slice(at + separator.length) };
}
