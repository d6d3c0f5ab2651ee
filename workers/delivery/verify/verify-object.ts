import { crc32 } from "node:zlib";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { InspectedObject, LedgerEntry } from "@/lib/core/verify-objects";
import { footerBytes, readFooter } from "@/lib/parquet/read-footer";

/** Holds the footer of most objects; a longer one takes a second read. */
const tailBytes = 64 * 1024;
/** A footer beyond this is none of ours. */
const footerBytesMax = 256 * 1024 * 1024;
/** Memory that reading a whole object takes. */
const chunkBytes = 8 * 1024 * 1024;

/**
 * What an object says of itself: its uuid, its size, the rows in its footer, and, when asked for, the
 * checksum of all its bytes. Null when it is gone.
 */
export async function inspectObject(
  store: ObjectStore,
  { key, kind }: Pick<LedgerEntry, "key" | "kind">,
  { readsContent }: { readonly readsContent: boolean },
): Promise<InspectedObject | null> {
  const head = await store.head(key);
  if (!head) return null;
  const { sizeBytes, metadata } = head;
  const footerRows = kind === "rows" ? await readFooterRows(store, key, sizeBytes) : null;
  return {
    ...{ sizeBytes, footerRows, objectId: metadata[objectIdMetadata] ?? null },
    crc32: readsContent ? await checksumOf(store, key, sizeBytes) : null,
  };
}

async function readFooterRows(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
): Promise<number | "unreadable"> {
  let tail = await readTail(store, key, sizeBytes, tailBytes);
  const needed = footerBytes(tail);
  if (needed === null || needed > sizeBytes || needed > footerBytesMax) return "unreadable";
  if (needed > tail.byteLength) tail = await readTail(store, key, sizeBytes, needed);
  return readFooter(tail)?.rows ?? "unreadable";
}

async function readTail(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
  bytes: number,
): Promise<Uint8Array> {
  const start = Math.max(0, sizeBytes - bytes);
  return (await store.read(key, { start, end: sizeBytes })) ?? new Uint8Array();
}

async function checksumOf(store: ObjectStore, key: string, sizeBytes: number): Promise<string> {
  let checksum = 0;
  for (let start = 0; start < sizeBytes; start += chunkBytes) {
    const end = Math.min(sizeBytes, start + chunkBytes);
    checksum = crc32((await store.read(key, { start, end })) ?? new Uint8Array(), checksum);
  }
  return checksum.toString(16).padStart(8, "0");
}
