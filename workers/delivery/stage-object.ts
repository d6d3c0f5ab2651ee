import { crc32 } from "node:zlib";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { DecidedObject, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";

/** Parts below this size are refused by S3, but for the last. */
const partBytesMin = 5 * 1024 * 1024;

export type StageContext = {
  readonly ledger: Pick<Ledger, "logUpload" | "logUploadId" | "forgetUpload" | "lastSequences">;
  readonly store: ObjectStore;
  readonly location: string;
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

type Upload = Pick<DecidedObject, "uploadId" | "parts" | "bytes" | "crc32">;
type UploadDraft = Pick<DecidedObject, "objectId" | "kind" | "key"> & Pick<ObjectDraft, "chunks">;

/** Uploads a draft without making it visible. */
export async function stageObject(
  context: StageContext,
  draft: ObjectDraft,
): Promise<DecidedObject> {
  const objectId = context.newObjectId();
  const { chunks, ...object } = draft;
  const { kind, key } = draft;
  const upload = await uploadParts(context, { objectId, kind, key, chunks });
  const { location, bucket } = context;
  return { ...object, objectId, location, bucket, ...upload };
}

/**
 * The upload itself, also for an object that was decided before and whose upload vanished. It is
 * logged before it exists, so that one whose worker dies anywhere in here is found and aborted by the
 * janitor. One that fails here is given up at once: a destination that fails for hours would otherwise
 * be filled with parts that nobody sees.
 */
export async function uploadParts(context: StageContext, draft: UploadDraft): Promise<Upload> {
  const { ledger, store, channelKey, workerId, destinationId, bucket } = context;
  const { objectId, key, kind } = draft;
  await ledger.logUpload({ objectId, channelKey, workerId, destinationId, bucket, key });
  let uploadId: string | null = null;
  try {
    const contentType = kind === "rows" ? "application/vnd.apache.parquet" : "application/x-ndjson";
    const metadata = { [objectIdMetadata]: objectId };
    uploadId = await store.createUpload({ key, metadata, contentType });
    await ledger.logUploadId({ objectId, uploadId });
    return { uploadId, ...(await sendParts(store, key, uploadId, draft.chunks)) };
  } catch (thrown) {
    await giveUpUpload(context, { objectId, key, uploadId }).catch(() => undefined);
    throw thrown;
  }
}

/** Best effort: what is not aborted here stays logged, for the janitor. */
export async function giveUpUpload(
  { store, ledger, workerId }: Pick<StageContext, "store" | "ledger" | "workerId">,
  { objectId, key, uploadId }: { objectId: string; key: string; uploadId: string | null },
): Promise<void> {
  if (uploadId !== null) await store.abortUpload({ key, uploadId });
  await ledger.forgetUpload({ objectId, workerId, uploadId });
}

async function sendParts(
  store: ObjectStore,
  key: string,
  uploadId: string,
  chunks: readonly Uint8Array[],
): Promise<Omit<Upload, "uploadId">> {
  const parts: UploadedPart[] = [];
  let bytes = 0;
  let checksum = 0;
  for (const body of gatherParts(chunks)) {
    parts.push(await store.uploadPart({ key, uploadId, partNumber: parts.length + 1, body }));
    // Part by part: the checksum of a whole large object would hold everything else up.
    checksum = crc32(body, checksum);
    bytes += body.byteLength;
  }
  return { parts, bytes, crc32: checksum.toString(16).padStart(8, "0") };
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
