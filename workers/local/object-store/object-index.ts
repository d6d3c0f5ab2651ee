import { ClassicLevel } from "classic-level";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums";

/** A run of an object's bytes: one file under the data directory. Objects share no files. */
export type Segment = { readonly file: string; readonly sizeBytes: number };

/** Header values are Latin-1, as HTTP carries them, and go back out as they came in. */
export type StoredHeaders = Readonly<Record<string, string>>;

export type ObjectRecord = {
  /** Without quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly headers: StoredHeaders;
  readonly metadata: StoredHeaders;
  readonly segments: readonly Segment[];
  readonly checksum: Checksum | null;
  readonly multipart: boolean;
};

export type UploadRecord = {
  readonly startedAtMs: number;
  readonly headers: StoredHeaders;
  readonly metadata: StoredHeaders;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | null;
};

export type PartRecord = {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly file: string;
  readonly checksum: Omit<Checksum, "type"> | null;
};

export type BucketRecord = { readonly createdAtMs: number };

export type Change =
  | { readonly type: "put"; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: "del"; readonly key: Buffer };

type Level = ClassicLevel<Buffer, Buffer>;

/**
 * What exists, in a LevelDB database that keeps names in UTF-8 byte order, the order S3 lists in.
 * Files of bytes mean nothing until a record here names them, so one synced batch makes an object
 * appear, change or vanish at once, whatever dies when.
 *
 *   b<bucket>                        BucketRecord
 *   o<bucket>\0<key>                 ObjectRecord
 *   u<bucket>\0<key>\0<upload id>    UploadRecord (upload ids have `uploadIdLength` characters)
 *   p<upload id><part, 5 digits>     PartRecord
 *   f<file>                          a file that may exist and that no record names
 */
export type ObjectIndex = {
  readonly level: Level;
  get<T>(key: Buffer): Promise<T | null>;
  /** Durable when it returns: all of the changes or, after a crash before that, none. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Not durable by itself, but never later than any `commit` that follows it. */
  note(changes: readonly Change[]): Promise<void>;
  /** Records from `from` (inclusive) to `below` (exclusive) in byte order; the caller may stop early. */
  scan<T>(from: Buffer, below: Buffer, limit?: number): AsyncGenerator<{ key: Buffer; value: T }>;
  close(): Promise<void>;
};

export const uploadIdLength = 32;

export async function openObjectIndex(directory: string): Promise<ObjectIndex> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    cacheSize: 16 * 1024 * 1024,
  });
  await level.open();
  return {
    level,
    async get<T>(key: Buffer) {
      const value: Buffer | undefined = await level.get(key);
      return value === undefined ? null : (JSON.parse(value.toString("utf8")) as T);
    },
    commit: (changes) => level.batch([...changes], { sync: true }),
    note: (changes) => level.batch([...changes], { sync: false }),
    async *scan<T>(from: Buffer, below: Buffer, limit = -1) {
      for await (const [key, value] of level.iterator({ gte: from, lt: below, limit })) {
        yield { key, value: JSON.parse(value.toString("utf8")) as T };
      }
    },
    close: () => level.close(),
  };
}

const zero = "\0";
export const bucketKey = (bucket: string) => Buffer.from(`b${bucket}`);
export const objectKey = (bucket: string, key: string) => Buffer.from(`o${bucket}${zero}${key}`);
export const uploadKey = (bucket: string, key: string, uploadId: string) =>
  Buffer.from(`u${bucket}${zero}${key}${zero}${uploadId}`);
export const partKey = (uploadId: string, partNumber: number) =>
  Buffer.from(`p${uploadId}${String(partNumber).padStart(5, "0")}`);
export const looseFileKey = (file: string) => Buffer.from(`f${file}`);

/** Everything that begins with `prefix` lies in [prefix, successor). */
export function successorOf(prefix: Buffer): Buffer {
  const bytes = Buffer.from(prefix);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0xff) {
      bytes[index] = byte + 1;
      return bytes.subarray(0, index + 1);
    }
  }
  throw new Error("A prefix of 0xff bytes only has no successor");
}

export const put = (key: Buffer, record: object): Change => ({
  type: "put",
  key,
  value: Buffer.from(JSON.stringify(record)),
});
export const remove = (key: Buffer): Change => ({ type: "del", key });
