import { checksumElement } from "../checksums";
import { bucketOf, type Exchange, isoTime, quoted, sendXml, targetOf } from "../exchange";
import { successorOf, type UploadRecord, uploadIdLength, uploadKey } from "../object-index";
import { queryNumber } from "../s3-request";
import { requireBucket } from "../store";
import { encodingOf, readEncoding } from "./list-objects";
import { findUpload, partsMax, partsOf, uploadIdOf } from "./multipart-uploads";

const pageMax = 1000;

/** Parts in the order of their numbers. */
export async function listParts(exchange: Exchange): Promise<void> {
  const { bucket, key } = targetOf(exchange);
  const uploadId = uploadIdOf(exchange);
  const upload = await findUpload(exchange, uploadId);
  const limits = { fallback: pageMax, min: 1, max: 2_147_483_647 };
  const limit = Math.min(queryNumber(exchange.request, "max-parts", limits), pageMax);
  const markers = { fallback: 0, min: 0, max: partsMax };
  const after = queryNumber(exchange.request, "part-number-marker", markers);
  const parts = await partsOf(exchange.store, uploadId, after, limit + 1);
  const page = parts.slice(0, limit);
  sendXml(exchange, "ListPartsResult", {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: parts.length > limit,
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
    Part: page.map(({ number, record }) => ({
      PartNumber: number,
      LastModified: isoTime(record.modifiedAtMs),
      ETag: quoted(record.etag),
      Size: record.sizeBytes,
      ...(record.checksum === null
        ? {}
        : { [checksumElement(record.checksum.algorithm)]: record.checksum.value }),
    })),
    StorageClass: "STANDARD",
  });
}

type OpenUpload = { readonly key: string; readonly uploadId: string; readonly startedAtMs: number };

/** Open uploads by key, those of one key by the time they began. */
export async function listUploads(exchange: Exchange): Promise<void> {
  const { query } = exchange.request;
  const bucket = bucketOf(exchange);
  requireBucket(exchange.store, bucket);
  const limits = { fallback: pageMax, min: 1, max: 2_147_483_647 };
  const limit = Math.min(queryNumber(exchange.request, "max-uploads", limits), pageMax);
  const encoding = readEncoding(exchange);
  const encode = encodingOf(encoding);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const page = await readPage(exchange, { bucket, prefix, delimiter, limit });
  sendXml(exchange, "ListMultipartUploadsResult", {
    Bucket: bucket,
    KeyMarker: encode(query.get("key-marker") ?? ""),
    UploadIdMarker: query.get("upload-id-marker") ?? "",
    NextKeyMarker: page.next === null ? undefined : encode(page.next.key),
    NextUploadIdMarker: page.next?.uploadId,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxUploads: limit,
    EncodingType: encoding,
    IsTruncated: page.next !== null,
    Upload: page.uploads.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.uploadId,
      StorageClass: "STANDARD",
      Initiated: isoTime(upload.startedAtMs),
    })),
    CommonPrefixes: page.prefixes.map((folder) => ({ Prefix: encode(folder) })),
  });
}

async function readPage(
  exchange: Exchange,
  listing: { bucket: string; prefix: string; delimiter: string; limit: number },
) {
  const { bucket, prefix, delimiter, limit } = listing;
  const bucketStart = uploadKey(bucket, "", "").subarray(0, -1);
  const first = Buffer.concat([bucketStart, Buffer.from(prefix)]);
  const resume = resumeFrom(exchange, bucket);
  const from = resume !== null && Buffer.compare(resume, first) > 0 ? resume : first;
  const uploads: OpenUpload[] = [];
  const prefixes = new Set<string>();
  let last: OpenUpload | null = null;
  for await (const entry of exchange.store.index.scan<UploadRecord>(from, successorOf(first))) {
    const name = entry.key.toString("utf8", bucketStart.length);
    const key = name.slice(0, -uploadIdLength - 1);
    const uploadId = name.slice(-uploadIdLength);
    const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = at < 0 ? null : key.slice(0, at + delimiter.length);
    const isNew = folder === null || !prefixes.has(folder);
    if (isNew && uploads.length + prefixes.size === limit)
      return { uploads, prefixes: [...prefixes], next: last };
    last = { key, uploadId, startedAtMs: entry.value.startedAtMs };
    if (folder === null) uploads.push(last);
    else prefixes.add(folder);
  }
  return { uploads, prefixes: [...prefixes], next: null };
}

function resumeFrom(exchange: Exchange, bucket: string): Buffer | null {
  const { query } = exchange.request;
  const keyMarker = query.get("key-marker") ?? "";
  if (keyMarker === "") return null;
  return successorOf(uploadKey(bucket, keyMarker, query.get("upload-id-marker") ?? ""));
}
