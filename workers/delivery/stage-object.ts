import { crc32 } from "node:zlib";
import { AppError, invariant } from "@/lib/core/error";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { DecidedObject, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";

/** Parts below this size are refused by S3, but for the last. */
export const partBytesMinOfS3 = 5 * 1024 * 1024;
/** From here on a part is work enough for a turn of the event loop of its own. */
const turnBytesMin = 1024 * 1024;

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

/** Which object an upload becomes. Its key is fixed when the upload is created. */
export type UploadTarget = Pick<DecidedObject, "objectId" | "kind" | "key" | "sequence">;

export type Upload = Pick<DecidedObject, "uploadId" | "parts" | "bytes" | "crc32">;

type Begun = UploadTarget & Pick<DecidedObject, "location" | "bucket" | "uploadId">;

/**
 * One object's multipart upload, invisible until it is completed. Bytes are pushed as they are finished
 * and sent in parts; a part's memory is given back when the store has it. Whatever fails may be tried
 * again and goes on where it stopped, unless `isLost`.
 *
 * The upload is logged before it exists, so that one whose worker dies anywhere in here is found and
 * aborted by the janitor.
 */
export class ObjectUpload {
  #chunks: Uint8Array[] = [];
  #pendingBytes = 0;
  #begun: Begun | null = null;
  readonly #parts: UploadedPart[] = [];
  #bytes = 0;
  #checksum = 0;
  #isComplete = false;
  #isLost = false;
  readonly #partBytesMin: number;

  constructor(partBytesMin: number) {
    this.#partBytesMin = partBytesMin;
  }

  /** Bytes that the store does not have yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** With so many bytes more it has what a part needs. */
  makesPartWith(bytes: number): boolean {
    return this.#pendingBytes + bytes >= this.#partBytesMin;
  }

  get hasBegun(): boolean {
    return this.#begun !== null;
  }

  /** The store does not know the upload any more, and bytes are gone that only it had. */
  get isLost(): boolean {
    return this.#isLost;
  }

  push(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#pendingBytes += chunk.byteLength;
    }
  }

  /** Creates the upload at the store. */
  async begin(context: StageContext, target: UploadTarget): Promise<void> {
    invariant(this.#begun === null, "An upload begins once");
    const { ledger, store, channelKey, workerId, destinationId, bucket, location } = context;
    const { objectId, key, kind } = target;
    await ledger.logUpload({ objectId, channelKey, workerId, destinationId, bucket, key });
    let uploadId: string | null = null;
    try {
      const contentType =
        kind === "rows" ? "application/vnd.apache.parquet" : "application/x-ndjson";
      const metadata = { [objectIdMetadata]: objectId };
      uploadId = await store.createUpload({ key, metadata, contentType });
      await ledger.logUploadId({ objectId, uploadId });
    } catch (thrown) {
      // The next try makes another: a destination that fails for hours would be filled with these.
      await giveUpUpload(context, { objectId, key, uploadId }).catch(() => undefined);
      throw thrown;
    }
    this.#begun = { ...target, location, bucket, uploadId };
  }

  /** Sends what makes whole parts. */
  async sendWholeParts(context: StageContext): Promise<void> {
    while (this.makesPartWith(0)) await this.#sendPart(context);
  }

  /** Sends the rest; an empty object is one empty part. */
  async sendAll(context: StageContext): Promise<void> {
    if (this.#isComplete) return;
    await this.sendWholeParts(context);
    if (this.#pendingBytes > 0 || this.#parts.length === 0) await this.#sendPart(context);
    this.#isComplete = true;
  }

  /** As `result`; the upload is the ledger's from now on, and is not given up any more. */
  handOff(): ReturnType<ObjectUpload["result"]> {
    const result = this.result();
    this.#begun = null;
    return result;
  }

  /** What the ledger has to know, once all is sent. */
  result(): Upload & UploadTarget & Pick<DecidedObject, "location" | "bucket"> {
    invariant(this.#begun && this.#isComplete, "An object is decided after all of it is uploaded");
    const crc = this.#checksum.toString(16).padStart(8, "0");
    return { ...this.#begun, parts: [...this.#parts], bytes: this.#bytes, crc32: crc };
  }

  /**
   * Somebody may have mended the destination between two tries: what lies elsewhere is of no use. An
   * upload of which the store has nothing begins anew; any other is lost.
   */
  settleAt({ location, bucket }: Pick<StageContext, "location" | "bucket">): void {
    const begun = this.#begun;
    if (begun === null || (begun.location === location && begun.bucket === bucket)) return;
    this.#forget("The destination changed while a batch was on its way", null);
  }

  /** Best effort: what is not aborted here stays logged, for the janitor. */
  async giveUp(context: StageContext): Promise<void> {
    const begun = this.#begun;
    this.#chunks = [];
    this.#pendingBytes = 0;
    if (begun === null) return;
    this.#begun = null;
    if (begun.location !== context.location || begun.bucket !== context.bucket) return;
    await giveUpUpload(context, begun);
  }

  async #sendPart({ store, ledger, workerId }: StageContext): Promise<void> {
    const begun = this.#begun;
    invariant(begun, "Parts are sent to an upload that exists");
    const { key, uploadId, objectId } = begun;
    const body = this.#nextPart();
    // Joining a large one took milliseconds, and so will its checksum and its signature.
    if (body.byteLength >= turnBytesMin) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    try {
      const partNumber = this.#parts.length + 1;
      this.#parts.push(await store.uploadPart({ key, uploadId, partNumber, body }));
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== "destination.upload_gone") throw thrown;
      await ledger.forgetUpload({ objectId, workerId, uploadId }).catch(() => undefined);
      this.#forget("An upload vanished while it was staged", thrown);
      throw thrown;
    }
    // Part by part: the checksum of a whole large object would hold everything else up.
    this.#checksum = crc32(body, this.#checksum);
    this.#bytes += body.byteLength;
    this.#pendingBytes -= body.byteLength;
    this.#chunks.shift();
  }

  /** Joined in place of its chunks: no byte is held twice, and another try sends the same part. */
  #nextPart(): Uint8Array {
    const partBytesMin = this.#partBytesMin;
    // A part is held in memory as a whole, and its checksum holds the event loop.
    const partBytesMax = partBytesMin * 1.6;
    const part: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < partBytesMin) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) break;
      const room = partBytesMax - bytes;
      part.push(chunk.subarray(0, room));
      if (chunk.byteLength > room) this.#chunks.unshift(chunk.subarray(room));
      bytes += Math.min(room, chunk.byteLength);
    }
    const [only] = part;
    const body = part.length === 1 && only ? only : Buffer.concat(part, bytes);
    this.#chunks.unshift(body);
    return body;
  }

  #forget(message: string, cause: unknown): void {
    const begun = this.#begun;
    this.#begun = null;
    this.#isComplete = false;
    if (this.#parts.length === 0) return;
    this.#isLost = true;
    throw new AppError("destination.upload_gone", message, {
      details: { key: begun?.key ?? null },
      cause,
    });
  }
}

/** Best effort, as the caller sees fit: what is not aborted here stays logged, for the janitor. */
export async function giveUpUpload(
  { store, ledger, workerId }: Pick<StageContext, "store" | "ledger" | "workerId">,
  { objectId, key, uploadId }: { objectId: string; key: string; uploadId: string | null },
): Promise<void> {
  if (uploadId !== null) await store.abortUpload({ key, uploadId });
  await ledger.forgetUpload({ objectId, workerId, uploadId });
}
