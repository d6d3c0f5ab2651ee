import path from "node:path";
import type { Clock } from "@/lib/platform/clock";
import { type DataFiles, openDataFiles } from "./data-files";
import { createLocks, type Locks } from "./locks";
import {
  type BucketRecord,
  type Change,
  type ObjectIndex,
  type ObjectRecord,
  objectKey,
  openObjectIndex,
  put,
} from "./object-index";
import { checkWritePreconditions, type Preconditions } from "./preconditions";
import { noSuchBucket } from "./s3-error";

/** One opened data directory. Buckets are few and kept in memory; everything else is on disk. */
export type Store = {
  readonly index: ObjectIndex;
  readonly files: DataFiles;
  readonly locks: Locks;
  readonly buckets: Map<string, BucketRecord>;
  readonly region: string;
  readonly clock: Clock;
  /** Called when a batch's fate is unknown: only opening the index again can tell. */
  readonly onFatal: (error: unknown) => void;
};

/** Fails when another process has the directory open. */
export async function openStore(options: {
  dataDirectory: string;
  region: string;
  clock: Clock;
  onFatal: (error: unknown) => void;
}): Promise<Store> {
  // LevelDB makes its own directory, but not the one above it.
  const files = path.join(options.dataDirectory, "data");
  const index = await openObjectIndex(path.join(options.dataDirectory, "index"));
  const buckets = new Map<string, BucketRecord>();
  for await (const { key, value } of index.scan<BucketRecord>(Buffer.from("b"), Buffer.from("c"))) {
    buckets.set(key.toString("utf8", 1), value);
  }
  return {
    index,
    files: await openDataFiles(files, index),
    locks: createLocks(),
    buckets,
    region: options.region,
    clock: options.clock,
    onFatal: options.onFatal,
  };
}

/** A batch that may or may not have been written. Files it names must be left where they are. */
export class UncertainCommitError extends Error {
  override readonly name = "UncertainCommitError";
}

export function requireBucket(store: Store, bucket: string): void {
  if (!store.buckets.has(bucket)) throw noSuchBucket(bucket);
}

export const bucketLock = (bucket: string) => `bucket ${bucket}`;
export const uploadLock = (uploadId: string) => `upload ${uploadId}`;
const keyLock = (bucket: string, key: string) => `key ${bucket}/${key}`;

/** Holds the bucket in existence while `work` writes to it. */
export function inBucket<T>(store: Store, bucket: string, work: () => Promise<T>): Promise<T> {
  return store.locks.shared(bucketLock(bucket), async () => {
    requireBucket(store, bucket);
    return await work();
  });
}

export async function commit(store: Store, changes: readonly Change[]): Promise<void> {
  try {
    await store.index.commit(changes);
  } catch (cause) {
    store.onFatal(cause);
    throw new UncertainCommitError("The index did not say whether a batch was written", { cause });
  }
}

export function findObject(store: Store, bucket: string, key: string) {
  return store.index.get<ObjectRecord>(objectKey(bucket, key));
}

/**
 * Makes `record` the object at `key` if the preconditions hold, and durably so, with `changes` in
 * the same batch. The caller holds the bucket.
 */
export function replaceObject(
  store: Store,
  target: { bucket: string; key: string },
  record: ObjectRecord,
  wanted: Pick<Preconditions, "ifMatch" | "ifNoneMatch">,
  changes: readonly Change[] = [],
): Promise<void> {
  const { bucket, key } = target;
  return store.locks.exclusive(keyLock(bucket, key), async () => {
    const existing = await findObject(store, bucket, key);
    checkWritePreconditions(key, existing, wanted);
    const replaced = (existing?.segments ?? []).map((segment) => segment.file);
    await commit(store, [
      put(objectKey(bucket, key), record),
      ...store.files.adopt(record.segments.map((segment) => segment.file)),
      ...store.files.abandon(replaced),
      ...changes,
    ]);
    await store.files.discard(replaced);
  });
}

/** Takes the object away, if there is one. The caller holds the bucket. */
export function removeObject(store: Store, bucket: string, key: string): Promise<void> {
  return store.locks.exclusive(keyLock(bucket, key), async () => {
    const existing = await findObject(store, bucket, key);
    if (existing === null) return;
    const files = existing.segments.map((segment) => segment.file);
    await commit(store, [
      { type: "del", key: objectKey(bucket, key) },
      ...store.files.abandon(files),
    ]);
    await store.files.discard(files);
  });
}

/** The object as it is now, its files kept until `release` even if it is overwritten meanwhile. */
export function retainObject(store: Store, bucket: string, key: string) {
  return store.locks.exclusive(keyLock(bucket, key), async () => {
    const record = await findObject(store, bucket, key);
    if (record === null) return null;
    const files = record.segments.map((segment) => segment.file);
    store.files.retain(files);
    return { record, release: () => store.files.release(files) };
  });
}

/** Bytes [start, end) of a retained object. */
export async function* readObject(
  store: Store,
  record: ObjectRecord,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { file, sizeBytes } of record.segments) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, sizeBytes);
    if (from < to) yield* store.files.read(file, from, to);
    offset += sizeBytes;
    if (offset >= end) return;
  }
}
