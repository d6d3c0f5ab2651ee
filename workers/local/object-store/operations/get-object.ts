import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ByteRange, parseByteRange } from "../byte-range";
import { checksumHeader } from "../checksums";
import { type Exchange, quoted, sendEmpty, targetOf } from "../exchange";
import type { ObjectRecord } from "../object-index";
import { checkReadPreconditions } from "../preconditions";
import { invalidArgument, noSuchKey, S3Error } from "../s3-error";
import { headerOf, queryNumber, type S3Request } from "../s3-request";
import { findObject, readObject, requireBucket, retainObject } from "../store";
import { metadataHeaders } from "../stored-headers";

/** What a presigned link may say of the answer it wants. */
const overrides = {
  "response-cache-control": "cache-control",
  "response-content-disposition": "content-disposition",
  "response-content-encoding": "content-encoding",
  "response-content-language": "content-language",
  "response-content-type": "content-type",
  "response-expires": "expires",
} as const;

export async function getObject(exchange: Exchange): Promise<void> {
  const { bucket, key } = targetOf(exchange);
  requireBucket(exchange.store, bucket);
  const retained = await retainObject(exchange.store, bucket, key);
  if (retained === null) throw noSuchKey(key);
  try {
    await sendObject(exchange, retained.record, true);
  } finally {
    await retained.release();
  }
}

export async function headObject(exchange: Exchange): Promise<void> {
  const { bucket, key } = targetOf(exchange);
  requireBucket(exchange.store, bucket);
  const record = await findObject(exchange.store, bucket, key);
  if (record === null) throw noSuchKey(key);
  await sendObject(exchange, record, false);
}

async function sendObject(
  exchange: Exchange,
  record: ObjectRecord,
  withBody: boolean,
): Promise<void> {
  const { request, response, store } = exchange;
  const headers = describeObject(record);
  if (isUnchanged(request, record)) {
    const { etag, "last-modified": modified } = headers;
    return sendEmpty(exchange, 304, { etag: `${etag}`, "last-modified": `${modified}` });
  }
  const { range, partsCount } = readRange(request, record);
  if (partsCount !== null) headers["x-amz-mp-parts-count"] = `${partsCount}`;
  for (const [parameter, header] of Object.entries(overrides)) {
    const value = request.query.get(parameter);
    if (value === undefined) continue;
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw invalidArgument(parameter, value);
    headers[header] = value;
  }
  const { start, end } = range ?? { start: 0, end: record.sizeBytes };
  if (range !== null) headers["content-range"] = `bytes ${start}-${end - 1}/${record.sizeBytes}`;
  headers["content-length"] = `${end - start}`;
  const wantsChecksum = headerOf(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  if (wantsChecksum && range === null && record.checksum !== null) {
    headers[checksumHeader(record.checksum.algorithm)] = record.checksum.value;
    headers["x-amz-checksum-type"] = record.checksum.type;
  }
  response.writeHead(range === null ? 200 : 206, headers);
  if (!withBody) response.end();
  else await pipeline(Readable.from(readObject(store, record, start, end)), response);
}

function describeObject(record: ObjectRecord): Record<string, string> {
  return {
    ...record.headers,
    ...metadataHeaders(record.metadata),
    etag: quoted(record.etag),
    "last-modified": new Date(record.modifiedAtMs).toUTCString(),
    "accept-ranges": "bytes",
  };
}

function isUnchanged(request: S3Request, record: ObjectRecord): boolean {
  try {
    checkReadPreconditions(record, {
      ifMatch: headerOf(request, "if-match"),
      ifNoneMatch: headerOf(request, "if-none-match"),
      ifModifiedSince: headerOf(request, "if-modified-since"),
      ifUnmodifiedSince: headerOf(request, "if-unmodified-since"),
    });
    return false;
  } catch (error) {
    if (error instanceof S3Error && error.code === "NotModified") return true;
    throw error;
  }
}

/** A part of a completed upload is a range with another name. */
function readRange(
  request: S3Request,
  record: ObjectRecord,
): { range: ByteRange | null; partsCount: number | null } {
  if (!request.query.has("partNumber")) {
    return {
      range: parseByteRange(headerOf(request, "range"), record.sizeBytes),
      partsCount: null,
    };
  }
  const limits = { fallback: 1, min: 1, max: 10_000 };
  const number = queryNumber(request, "partNumber", limits);
  if (!record.multipart && number === 1) return { range: null, partsCount: null };
  const part = record.segments[number - 1];
  if (!record.multipart || part === undefined) {
    throw new S3Error("InvalidRange", "The requested part number is not satisfiable");
  }
  const before = record.segments.slice(0, number - 1);
  const start = before.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  return {
    range: { start, end: start + part.sizeBytes },
    partsCount: record.segments.length,
  };
}
