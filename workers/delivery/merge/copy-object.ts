import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { AppError } from "@/lib/core/error";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { MergeInput, MergeLedger } from "@/lib/core/ports/merge-ledger";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";
import type { OpenDestination } from "../adapters";

/** What of an object is in memory at a time. */
const pieceBytes = 8 * 1024 * 1024;
/** Stores take no more than 10,000. */
const partsMax = 9_000;

/**
 * Brings an object to disk as it was decided. Throws `merge.input_gone`, or `merge.input_broken` when
 * what stands there is of another size or has another checksum.
 */
export async function fetchObject(
  store: ObjectStore,
  input: MergeInput,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const head = await store.head(input.key);
  if (head?.metadata[objectIdMetadata] !== input.objectId) throw gone(input);
  if (head.sizeBytes !== input.bytes) throw broken(input, "its size is not the ledger's");
  const handle = await open(file, "wx", 0o600);
  try {
    let checksum = 0;
    for (let start = 0; start < input.bytes; start += pieceBytes) {
      signal.throwIfAborted();
      const end = Math.min(input.bytes, start + pieceBytes);
      const piece = await store.read(input.key, { start, end });
      if (piece === null) throw gone(input);
      checksum = crc32(piece, checksum);
      await handle.writeFile(piece);
    }
    if (hex(checksum) !== input.crc32) throw broken(input, "its checksum is not the ledger's");
  } finally {
    await handle.close();
  }
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, "0");
}

function gone({ bucket, key }: MergeInput): AppError {
  return new AppError("merge.input_gone", "An original is gone", { details: { bucket, key } });
}

export function broken({ bucket, key }: MergeInput, reason: string): AppError {
  const details = { bucket, key, reason };
  return new AppError("merge.input_broken", "An original is broken", { details });
}

export type UploadContext = Pick<OpenDestination, "store" | "bucket"> & {
  readonly ledger: Pick<MergeLedger, "logUpload" | "logUploadId" | "forgetUpload">;
  readonly workerId: string;
  readonly destinationId: string;
};

type Staged = Pick<DecidedObject, "objectId" | "key" | "uploadId" | "parts" | "bytes" | "crc32">;

/**
 * Sends a file as an upload that nobody sees, logged before it exists. What fails is given up; what
 * cannot be given up stays logged, for the janitor.
 */
export async function stageFile(
  context: UploadContext,
  target: { readonly objectId: string; readonly key: string },
  file: string,
  signal: AbortSignal,
): Promise<Staged> {
  const { store, bucket, ledger, workerId, destinationId } = context;
  const { objectId, key } = target;
  await ledger.logUpload({ objectId, workerId, destinationId, bucket, key });
  const metadata = { [objectIdMetadata]: objectId };
  const contentType = "application/vnd.apache.parquet";
  const uploadId = await store.createUpload({ key, metadata, contentType });
  try {
    await ledger.logUploadId({ objectId, uploadId });
    return { ...target, uploadId, ...(await sendParts(store, { key, uploadId }, file, signal)) };
  } catch (thrown) {
    await giveUpStaged(context, { objectId, key, uploadId });
    throw thrown;
  }
}

async function sendParts(
  store: ObjectStore,
  upload: { readonly key: string; readonly uploadId: string },
  file: string,
  signal: AbortSignal,
): Promise<Pick<Staged, "parts" | "bytes" | "crc32">> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const partBytes = Math.max(pieceBytes, Math.ceil(size / partsMax));
    const parts: UploadedPart[] = [];
    let checksum = 0;
    for (let start = 0; start < size; start += partBytes) {
      signal.throwIfAborted();
      const body = Buffer.alloc(Math.min(partBytes, size - start));
      await handle.read(body, 0, body.byteLength, start);
      parts.push(await store.uploadPart({ ...upload, partNumber: parts.length + 1, body }));
      checksum = crc32(body, checksum);
    }
    return { parts, bytes: size, crc32: hex(checksum) };
  } finally {
    await handle.close();
  }
}

/** Best effort: what is not aborted here stays logged, for the janitor. */
export async function giveUpStaged(
  { store, ledger, workerId }: UploadContext,
  { objectId, key, uploadId }: { objectId: string; key: string; uploadId: string },
): Promise<void> {
  try {
    await store.abortUpload({ key, uploadId });
    await ledger.forgetUpload({ objectId, workerId, uploadId });
  } catch {
    // Logged since before it existed.
  }
}
