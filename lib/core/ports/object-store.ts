/**
 * A part as the store acknowledged it. `etag` is opaque: whatever `uploadPart` gave (S3's adapter
 * puts the part's checksum into it) goes back unchanged to `completeUpload`, of any worker.
 */
export type UploadedPart = { readonly partNumber: number; readonly etag: string };

/**
 * What became of a completion. `upload_gone`: the store no longer knows the upload, which may mean
 * that it was completed already. `key_taken`: an object stands at the key (If-None-Match failed),
 * which may be ours. Both are settled by `head`.
 */
export type CompleteOutcome =
  | { readonly kind: "completed"; readonly etag: string }
  | { readonly kind: "upload_gone" }
  | { readonly kind: "key_taken" };

export type ObjectHead = {
  readonly sizeBytes: number;
  readonly etag: string;
  /** User metadata, names in lower case without the x-amz-meta- prefix. */
  readonly metadata: Readonly<Record<string, string>>;
};

export type ListedObject = {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
};

/**
 * One bucket of an S3-compatible store. Every method throws AppError with a `destination.*` code;
 * an outcome that the protocol expects is a value. An upload is invisible until it is completed.
 */
export interface ObjectStore {
  /** Starts a multipart upload and gives its id. */
  createUpload(request: {
    key: string;
    metadata: Readonly<Record<string, string>>;
    contentType: string;
  }): Promise<string>;
  /** Parts count from 1; each but the last holds at least 5 MiB. Sending a number again replaces it. */
  uploadPart(request: {
    key: string;
    uploadId: string;
    partNumber: number;
    body: Uint8Array;
  }): Promise<UploadedPart>;
  /** Makes the object visible, unless one stands there. Safe to repeat. */
  completeUpload(request: {
    key: string;
    uploadId: string;
    parts: readonly UploadedPart[];
  }): Promise<CompleteOutcome>;
  /** Gives an upload up. An upload that is gone is no error. */
  abortUpload(request: { key: string; uploadId: string }): Promise<void>;
  head(key: string): Promise<ObjectHead | null>;
  /** Takes an object away. One that is gone is no error. */
  remove(key: string): Promise<void>;
  /** The object's bytes, or [start, end) of them; null when there is no object. */
  read(key: string, range?: { start: number; end: number }): Promise<Uint8Array | null>;
  /** Keys in UTF-8 byte order after `after`, at most `limit` (≤ 1000) of them; `next` is null at the end. */
  list(request: {
    prefix: string;
    after?: string;
    limit?: number;
  }): Promise<{ objects: ListedObject[]; next: string | null }>;
  /**
   * Fails with the code that delivery under `prefix` would fail with: bucket missing, region wrong,
   * key refused or not allowed to write. Begins an upload and gives it up; nothing becomes visible.
   */
  checkBucket(prefix?: string): Promise<void>;
  close(): void;
}
