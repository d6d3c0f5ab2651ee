import { createHash } from "node:crypto";
import { AppError, invariant } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type {
  CompleteOutcome,
  ListedObject,
  ObjectHead,
  ObjectStore,
  UploadedPart,
} from "@/lib/core/ports/object-store";

type StoredObject = {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
};
type StoredPart = { readonly etag: string; readonly body: Uint8Array };
type Upload = {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, StoredPart>;
};

const partBytesMinOfS3 = 5 * 1024 * 1024;
const listLimitMax = 1000;

/**
 * An ObjectStore in memory, the same in every respect that the contract test knows. Deterministic:
 * upload ids are counted, nothing takes time, and nothing fails but what would fail at S3.
 */
export class InMemoryObjectStore implements ObjectStore {
  readonly #bucket: string;
  readonly #exists: boolean;
  readonly #partBytesMin: number;
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  #uploadsMade = 0;

  constructor(
    options: {
      readonly bucket?: string;
      readonly bucketExists?: boolean;
      readonly partBytesMin?: number;
    } = {},
  ) {
    this.#partBytesMin = options.partBytesMin ?? partBytesMinOfS3;
    this.#bucket = options.bucket ?? "in-memory";
    this.#exists = options.bucketExists ?? true;
  }

  async createUpload(request: {
    key: string;
    metadata: Readonly<Record<string, string>>;
  }): Promise<string> {
    this.#checkExists("CreateMultipartUpload");
    this.#uploadsMade += 1;
    const uploadId = `upload-${this.#uploadsMade}`;
    const metadata = lowerCased(request.metadata);
    this.#uploads.set(uploadId, { key: request.key, metadata, parts: new Map() });
    return uploadId;
  }

  async uploadPart(request: {
    key: string;
    uploadId: string;
    partNumber: number;
    body: Uint8Array;
  }): Promise<UploadedPart> {
    this.#checkExists("UploadPart");
    const upload = this.#findUpload(request);
    if (upload === undefined) {
      throw this.#failure("destination.upload_gone", "NoSuchUpload", "UploadPart", request.key);
    }
    const etag = `"${md5Hex(request.body)}"`;
    upload.parts.set(request.partNumber, { etag, body: request.body.slice() });
    return { partNumber: request.partNumber, etag };
  }

  async completeUpload(request: {
    key: string;
    uploadId: string;
    parts: readonly UploadedPart[];
  }): Promise<CompleteOutcome> {
    const operation = "CompleteMultipartUpload";
    this.#checkExists(operation);
    const { key, parts } = request;
    const upload = this.#findUpload(request);
    if (upload === undefined) return { kind: "upload_gone" };
    if (this.#objects.has(key)) return { kind: "key_taken" };
    const problem = problemOf(upload, parts, this.#partBytesMin);
    if (problem !== null) {
      throw this.#failure("destination.unavailable", problem, operation, key);
    }
    const bodies = parts.map((part) => bodyOf(upload, part));
    const digests = bodies.map((body) => Buffer.from(md5Hex(body), "hex"));
    const etag = `"${md5Hex(Buffer.concat(digests))}-${bodies.length}"`;
    this.#objects.set(key, { body: Buffer.concat(bodies), etag, metadata: upload.metadata });
    this.#uploads.delete(request.uploadId);
    return { kind: "completed", etag };
  }

  async abortUpload(request: { key: string; uploadId: string }): Promise<void> {
    this.#checkExists("AbortMultipartUpload");
    if (this.#findUpload(request) !== undefined) this.#uploads.delete(request.uploadId);
  }

  async head(key: string): Promise<ObjectHead | null> {
    this.#checkExists("HeadObject");
    const object = this.#objects.get(key);
    if (object === undefined) return null;
    return { sizeBytes: object.body.length, etag: object.etag, metadata: object.metadata };
  }

  async remove(key: string): Promise<void> {
    this.#checkExists("DeleteObject");
    this.#objects.delete(key);
  }

  async read(key: string, range?: { start: number; end: number }): Promise<Uint8Array | null> {
    this.#checkExists("GetObject");
    return this.#objects.get(key)?.body.slice(range?.start, range?.end) ?? null;
  }

  async list(request: { prefix: string; after?: string; limit?: number }): Promise<{
    objects: ListedObject[];
    next: string | null;
  }> {
    this.#checkExists("ListObjectsV2");
    const { prefix, after, limit = listLimitMax } = request;
    invariant(limit >= 1 && limit <= listLimitMax, "A list page holds 1 to 1000 objects");
    const found = [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .filter(([key]) => after === undefined || compareBytes(key, after) > 0)
      .sort(([a], [b]) => compareBytes(a, b));
    const objects = found
      .slice(0, limit)
      .map(([key, { body, etag }]) => ({ key, sizeBytes: body.length, etag }));
    return { objects, next: found.length > limit ? (objects.at(-1)?.key ?? null) : null };
  }

  async checkBucket(): Promise<void> {
    this.#checkExists("ListObjectsV2");
  }

  close(): void {}

  /** Uploads neither completed nor aborted, oldest first. */
  openUploads(): { key: string; uploadId: string }[] {
    return [...this.#uploads].map(([uploadId, { key }]) => ({ key, uploadId }));
  }

  /** Takes an object away, as a person would. */
  deleteObject(key: string): void {
    this.#objects.delete(key);
  }

  /** An object that Culvert did not write. */
  putForeignObject(key: string, body: Uint8Array): void {
    this.#objects.set(key, { body: body.slice(), etag: `"${md5Hex(body)}"`, metadata: {} });
  }

  #checkExists(operation: string): void {
    if (this.#exists) return;
    throw this.#failure("destination.bucket_missing", "NoSuchBucket", operation);
  }

  #findUpload(request: { key: string; uploadId: string }): Upload | undefined {
    const upload = this.#uploads.get(request.uploadId);
    return upload?.key === request.key ? upload : undefined;
  }

  #failure(code: ErrorCode, providerCode: string, operation: string, key?: string): AppError {
    const bucket = this.#bucket;
    return new AppError(code, `${operation} on bucket ${bucket} failed: ${providerCode}`, {
      details: { bucket, operation, providerCode, ...(key === undefined ? {} : { key }) },
    });
  }
}

function problemOf(
  upload: Upload,
  parts: readonly UploadedPart[],
  partBytesMin: number,
): string | null {
  if (parts.length === 0) return "MalformedXML";
  for (const [index, part] of parts.entries()) {
    const stored = upload.parts.get(part.partNumber);
    const before = parts[index - 1];
    if (before !== undefined && before.partNumber >= part.partNumber) return "InvalidPartOrder";
    if (stored === undefined || stored.etag !== part.etag) return "InvalidPart";
    const isLast = index === parts.length - 1;
    if (!isLast && stored.body.length < partBytesMin) return "EntityTooSmall";
  }
  return null;
}

function bodyOf(upload: Upload, part: UploadedPart): Uint8Array {
  return upload.parts.get(part.partNumber)?.body ?? new Uint8Array();
}

/** UTF-8 byte order, which is not the order JavaScript compares strings in. */
const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const md5Hex = (data: Uint8Array) => createHash("md5").update(data).digest("hex");

function lowerCased(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
