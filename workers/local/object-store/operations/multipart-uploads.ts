import { randomBytes } from "node:crypto";
import {
  type ChecksumAlgorithm,
  checksumHeader,
  parseAlgorithm,
  readChecksumType,
  readDeclaredChecksum,
} from "../checksums";
import type { DataFileWriter } from "../data-files";
import { type Exchange, quoted, sendEmpty, sendXml, targetOf } from "../exchange";
import {
  type PartRecord,
  partKey,
  put,
  remove,
  type UploadRecord,
  uploadIdLength,
  uploadKey,
} from "../object-index";
import { type ReceivedBody, receiveBody } from "../received-body";
import { noSuchUpload, S3Error } from "../s3-error";
import { headerOf, queryNumber } from "../s3-request";
import { commit, inBucket, requireBucket, type Store, uploadLock } from "../store";
import { readStoredHeaders } from "../stored-headers";
import { withNewFile } from "./put-object";

export const partsMax = 10_000;

/** Ids sort by the time the upload began, as S3 lists the uploads of one key. */
function newUploadId(nowMs: number): string {
  const time = Math.max(0, Math.floor(nowMs)).toString(16).padStart(12, "0").slice(-12);
  return `${time}${randomBytes((uploadIdLength - 12) / 2).toString("hex")}`;
}

export async function createUpload(exchange: Exchange): Promise<void> {
  const { store, request } = exchange;
  const { bucket, key } = targetOf(exchange);
  const algorithm = parseAlgorithm(headerOf(request, "x-amz-checksum-algorithm"));
  const type = headerOf(request, "x-amz-checksum-type");
  const startedAtMs = store.clock.now();
  const record: UploadRecord = {
    startedAtMs,
    ...readStoredHeaders(request),
    checksum: algorithm === null ? null : { algorithm, type: readChecksumType(type, algorithm) },
  };
  const uploadId = newUploadId(startedAtMs);
  await inBucket(store, bucket, () =>
    commit(store, [put(uploadKey(bucket, key, uploadId), record)]),
  );
  if (record.checksum !== null) {
    exchange.response.setHeader("x-amz-checksum-algorithm", record.checksum.algorithm);
    exchange.response.setHeader("x-amz-checksum-type", record.checksum.type);
  }
  sendXml(exchange, "InitiateMultipartUploadResult", {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
  });
}

export async function uploadPart(exchange: Exchange): Promise<void> {
  const { store, request, verified } = exchange;
  const part = await withNewFile(store, (writer) =>
    savePart(exchange, writer, (compute) =>
      receiveBody(request, verified, writer.write, { compute }),
    ),
  );
  const { checksum } = part;
  sendEmpty(exchange, 200, {
    etag: quoted(part.etag),
    ...(checksum === null ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
  });
}

/**
 * Saves what `receive` writes as a part of the request's upload. A part that comes again replaces
 * the one before; the upload may be completed or aborted meanwhile, and then it is NoSuchUpload.
 */
export async function savePart(
  exchange: Exchange,
  writer: DataFileWriter,
  receive: (compute: ChecksumAlgorithm | undefined) => Promise<ReceivedBody>,
): Promise<PartRecord> {
  const { store, request } = exchange;
  const { bucket } = targetOf(exchange);
  const limits = { fallback: 0, min: 1, max: partsMax };
  const partNumber = queryNumber(request, "partNumber", limits);
  const uploadId = uploadIdOf(exchange);
  const upload = await findUpload(exchange, uploadId);
  const expected = upload.checksum?.algorithm;
  const actual = readDeclaredChecksum(request)?.algorithm;
  if (expected !== undefined && actual !== undefined && expected !== actual) {
    throw new S3Error(
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
    );
  }
  const body = await receive(expected);
  await writer.finish();
  const record: PartRecord = {
    etag: body.md5Hex,
    sizeBytes: body.sizeBytes,
    modifiedAtMs: store.clock.now(),
    file: writer.file,
    checksum: body.checksum,
  };
  await inBucket(store, bucket, () =>
    store.locks.exclusive(uploadLock(uploadId), async () => {
      await findUpload(exchange, uploadId);
      const replaced = await store.index.get<PartRecord>(partKey(uploadId, partNumber));
      const files = replaced === null ? [] : [replaced.file];
      await commit(store, [
        put(partKey(uploadId, partNumber), record),
        ...store.files.adopt([record.file]),
        ...store.files.abandon(files),
      ]);
      await store.files.discard(files);
    }),
  );
  return record;
}

export async function abortUpload(exchange: Exchange): Promise<void> {
  const { store } = exchange;
  const { bucket, key } = targetOf(exchange);
  const uploadId = uploadIdOf(exchange);
  await inBucket(store, bucket, () =>
    store.locks.exclusive(uploadLock(uploadId), async () => {
      await findUpload(exchange, uploadId);
      const parts = await partsOf(store, uploadId);
      const files = parts.map((part) => part.record.file);
      await commit(store, [
        remove(uploadKey(bucket, key, uploadId)),
        ...parts.map((part) => remove(partKey(uploadId, part.number))),
        ...store.files.abandon(files),
      ]);
      await store.files.discard(files);
    }),
  );
  sendEmpty(exchange, 204);
}

/** Anything that is not shaped like an id was never given out. */
export function uploadIdOf(exchange: Exchange): string {
  requireBucket(exchange.store, targetOf(exchange).bucket);
  const uploadId = exchange.request.query.get("uploadId") ?? "";
  if (!/^[0-9a-f]+$/.test(uploadId) || uploadId.length !== uploadIdLength) {
    throw noSuchUpload(uploadId);
  }
  return uploadId;
}

export async function findUpload(exchange: Exchange, uploadId: string): Promise<UploadRecord> {
  const { bucket, key } = targetOf(exchange);
  const name = uploadKey(bucket, key, uploadId);
  const upload = await exchange.store.index.get<UploadRecord>(name);
  if (upload === null) throw noSuchUpload(uploadId);
  return upload;
}

/** In the order of their numbers, those after `after`. */
export async function partsOf(
  store: Store,
  uploadId: string,
  after = 0,
  limit?: number,
): Promise<{ number: number; record: PartRecord }[]> {
  const parts = [];
  const from = partKey(uploadId, after + 1);
  const below = partKey(uploadId, partsMax + 1);
  for await (const { key, value } of store.index.scan<PartRecord>(from, below, limit)) {
    parts.push({ number: Number(key.toString("utf8").slice(-5)), record: value });
  }
  return parts;
}
