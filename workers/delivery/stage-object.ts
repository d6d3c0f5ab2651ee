import { crc32 } from "node:zlib";
import type { DecidedObject, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";

/** User metadata that tells our object from any other at the same key. */
export const objectIdMetadata = "culvert-object";

/** Parts below this size are refused by S3, but for the last. */
const partBytesMin = 5 * 1024 * 1024;

export type StageContext = {
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly destinationId: string;
  readonly channelKey: string;
  readonly workerId: string;
  readonly newObjectId: () => string;
};

/** What is to become one object; `chunks` in file order. */
export type ObjectDraft = Pick<
  DecidedObject,
  "kind" | "key" | "partition" | "stem" | "sequence" | "rows"
> & {
  readonly chunks: readonly Uint8Array[];
};

/**
 * Uploads a draft without making it visible. The upload is logged before it exists, so that one whose
 * worker dies anywhere in here is found and aborted by the janitor.
 */
export async function stageObject(
  context: StageContext,
  draft: ObjectDraft,
): Promise<DecidedObject> {
  const objectId = context.newObjectId();
  const upload = await uploadParts(context, {
    objectId,
    kind: draft.kind,
    key: draft.key,
    chunks: draft.chunks,
  });
  const { chunks: _, ...object } = draft;
  return { ...object, objectId, bucket: context.bucket, ...upload };
}

/** The upload itself, also for an object that was decided before and whose upload vanished. */
export async function uploadParts(
  context: StageContext,
  object: { objectId: string; kind: "rows" | "dirty"; key: string; chunks: readonly Uint8Array[] },
): Promise<Pick<DecidedObject, "uploadId" | "parts" | "bytes" | "crc32">> {
  const { ledger, store, channelKey, workerId, destinationId, bucket } = context;
  const { objectId, key, chunks } = object;
  await ledger.logUpload({ objectId, channelKey, workerId, destinationId, bucket, key });
  const contentType =
    object.kind === "rows" ? "application/vnd.apache.parquet" : "application/x-ndjson";
  const uploadId = await store.createUpload({
    key,
    metadata: { [objectIdMetadata]: objectId },
    contentType,
  });
  await ledger.logUploadId({ objectId, uploadId });
  const parts: UploadedPart[] = [];
  for (const body of gatherParts(chunks)) {
    parts.push(await store.uploadPart({ key, uploadId, partNumber: parts.length + 1, body }));
  }
  const checksum = chunks.reduce((crc, chunk) => crc32(chunk, crc), 0);
  return {
    uploadId,
    parts,
    bytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
    crc32: checksum.toString(16).padStart(8, "0"),
  };
}

/** Joins chunks into parts of at least the store's minimum; an empty object is one empty part. */
function* gatherParts(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let sent = 0;
  for (const chunk of chunks) {
    pending.push(chunk);
    pendingBytes += chunk.byteLength;
    if (pendingBytes < partBytesMin) continue;
    yield joined(pending);
    sent += 1;
    pending = [];
    pendingBytes = 0;
  }
  if (pendingBytes > 0 || sent === 0) yield joined(pending);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only ? only : Buffer.concat(chunks);
}
