import { type ObjectIndex, type ObjectRecord, objectKey, successorOf } from "./object-index";

export type ListEntry =
  | { readonly kind: "object"; readonly key: string; readonly record: ObjectRecord }
  | { readonly kind: "prefix"; readonly prefix: string };

export type ListPage = { readonly entries: readonly ListEntry[]; readonly truncated: boolean };

/** `after`: the key or common prefix that the page before ended with; nothing up to it is listed. */
export type ListRequest = {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly after: string;
  readonly limit: number;
};

/**
 * One page in UTF-8 byte order. A common prefix costs one seek however many keys it stands for,
 * and counts as one entry, as S3 counts it.
 */
export async function listObjects(index: ObjectIndex, request: ListRequest): Promise<ListPage> {
  const { bucket, prefix, delimiter, after, limit } = request;
  const below = successorOf(objectKey(bucket, prefix));
  const bucketBytes = objectKey(bucket, "").length;
  const entries: ListEntry[] = [];
  if (limit === 0) return { entries, truncated: false };
  const iterator = index.level.iterator({ gte: startOf(request), lt: below });
  try {
    for (;;) {
      const next = await iterator.next();
      if (next === undefined) return { entries, truncated: false };
      const [name, value] = next;
      const key = name.toString("utf8", bucketBytes);
      const folder = commonPrefix(key, prefix, delimiter);
      // StartAfter may lie inside a folder whose later keys still make it a common prefix.
      if (folder === null ? key === after : folder === after) continue;
      if (entries.length === limit) return { entries, truncated: true };
      if (folder === null) {
        const record = JSON.parse(value.toString("utf8")) as ObjectRecord;
        entries.push({ kind: "object", key, record });
      } else {
        entries.push({ kind: "prefix", prefix: folder });
        iterator.seek(successorOf(objectKey(bucket, folder)));
      }
    }
  } finally {
    await iterator.close();
  }
}

function startOf({ bucket, prefix, delimiter, after }: ListRequest): Buffer {
  const first = objectKey(bucket, prefix);
  if (after === "") return first;
  const closesFolder = delimiter !== "" && commonPrefix(after, prefix, delimiter) === after;
  const resume = closesFolder ? successorOf(objectKey(bucket, after)) : objectKey(bucket, after);
  return Buffer.compare(resume, first) > 0 ? resume : first;
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === "" || !key.startsWith(prefix)) return null;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? null : key.slice(0, at + delimiter.length);
}
