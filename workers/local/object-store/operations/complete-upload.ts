import { createHash } from "node:crypto";
import { type Checksum, checksumElement, checksumHeader, combineChecksums } from "../checksums";
import { type Exchange, quoted, sendXml, targetOf, writePreconditions } from "../exchange";
import {
  type ObjectRecord,
  type PartRecord,
  partKey,
  remove,
  type UploadRecord,
  uploadKey,
} from "../object-index";
import { receiveText } from "../received-body";
import { S3Error } from "../s3-error";
import { headerOf } from "../s3-request";
import { inBucket, replaceObject, uploadLock } from "../store";
import { childText, malformed, parseXml, type XmlElement } from "../xml";
import { findUpload, partsMax, partsOf, uploadIdOf } from "./multipart-uploads";

const documentBytesMax = 8 * 1024 * 1024;
const partBytesMin = 5 * 1024 * 1024;

type WantedPart = { readonly number: number; readonly etag: string; readonly element: XmlElement };
type ChosenPart = { readonly number: number; readonly record: PartRecord };

/**
 * Turns an upload into an object: one batch that names its parts' files as the object's segments
 * and forgets the upload, so the object is there whole or not at all, and no byte is copied. An
 * upload whose precondition fails (412) stays open, as it does in S3.
 */
export async function completeUpload(exchange: Exchange): Promise<void> {
  const { store, request, verified } = exchange;
  const target = targetOf(exchange);
  const uploadId = uploadIdOf(exchange);
  await findUpload(exchange, uploadId);
  const text = await receiveText(request, verified, {
    bytesMax: documentBytesMax,
    checksumsAreOfAnother: true,
  });
  const wanted = readWantedParts(text);
  const record = await inBucket(store, target.bucket, () =>
    store.locks.exclusive(uploadLock(uploadId), async () => {
      const upload = await findUpload(exchange, uploadId);
      const all = await partsOf(store, uploadId);
      const chosen = choosePart(wanted, all, upload);
      const completed = buildObject(upload, chosen, store.clock.now());
      checkWhole(exchange, completed);
      const used = new Set(chosen.map((part) => part.number));
      const unused = all.filter((part) => !used.has(part.number)).map((part) => part.record.file);
      await replaceObject(store, target, completed, writePreconditions(exchange), [
        remove(uploadKey(target.bucket, target.key, uploadId)),
        ...all.map((part) => remove(partKey(uploadId, part.number))),
        ...store.files.abandon(unused),
      ]);
      await store.files.discard(unused);
      return completed;
    }),
  );
  sendXml(exchange, "CompleteMultipartUploadResult", {
    Location: `http://${headerOf(request, "host") ?? ""}${request.path}`,
    Bucket: target.bucket,
    Key: target.key,
    ETag: quoted(record.etag),
    ...checksumFields(record.checksum),
  });
}

const checksumFields = (checksum: Checksum | null) =>
  checksum === null
    ? {}
    : { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };

function readWantedParts(text: string): WantedPart[] {
  const document = parseXml(text);
  if (document.name !== "CompleteMultipartUpload") throw malformed();
  const parts = document.children.map((element) => {
    const number = Number(childText(element, "PartNumber") ?? "");
    const etag = (childText(element, "ETag") ?? "").replace(/^"|"$/g, "");
    if (element.name !== "Part" || !Number.isInteger(number) || number < 1) throw malformed();
    return { number, etag, element };
  });
  if (parts.length === 0 || parts.length > partsMax) throw malformed();
  for (const [index, part] of parts.entries()) {
    if (index > 0 && part.number <= (parts[index - 1]?.number ?? 0)) {
      throw new S3Error("InvalidPartOrder", "The list of parts was not in ascending order.");
    }
  }
  return parts;
}

function choosePart(
  wanted: readonly WantedPart[],
  all: readonly ChosenPart[],
  upload: UploadRecord,
): ChosenPart[] {
  const byNumber = new Map(all.map((part) => [part.number, part]));
  return wanted.map(({ number, etag, element }, index) => {
    const part = byNumber.get(number);
    if (part === undefined || part.record.etag !== etag) throw invalidPart(number, etag);
    checkPartChecksum(element, part, upload);
    if (index < wanted.length - 1 && part.record.sizeBytes < partBytesMin) {
      throw new S3Error(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed object size.",
        { PartNumber: `${number}`, MinSizeAllowed: `${partBytesMin}` },
      );
    }
    return part;
  });
}

const invalidPart = (number: number, etag: string) =>
  new S3Error(
    "InvalidPart",
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { PartNumber: `${number}`, ETag: etag },
  );

function checkPartChecksum(element: XmlElement, part: ChosenPart, upload: UploadRecord): void {
  const known = part.record.checksum;
  if (known === null) return;
  const sent = childText(element, checksumElement(known.algorithm));
  if (sent !== undefined && sent !== known.value) throw invalidPart(part.number, part.record.etag);
  if (sent === undefined && upload.checksum?.type === "COMPOSITE") {
    throw new S3Error(
      "InvalidRequest",
      `The upload was created using a ${known.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
}

function buildObject(
  upload: UploadRecord,
  parts: readonly ChosenPart[],
  nowMs: number,
): ObjectRecord {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.record.etag, "hex"));
  const checksums = parts.flatMap(({ record }) =>
    record.checksum === null ? [] : [{ value: record.checksum.value, sizeBytes: record.sizeBytes }],
  );
  const { checksum } = upload;
  return {
    etag: `${md5.digest("hex")}-${parts.length}`,
    sizeBytes: parts.reduce((sum, part) => sum + part.record.sizeBytes, 0),
    modifiedAtMs: nowMs,
    headers: upload.headers,
    metadata: upload.metadata,
    segments: parts.map(({ record }) => ({ file: record.file, sizeBytes: record.sizeBytes })),
    checksum:
      checksum === null ? null : combineChecksums(checksum.algorithm, checksum.type, checksums),
    multipart: true,
  };
}

/** What the completion says of the whole object, if it says anything. */
function checkWhole(exchange: Exchange, record: ObjectRecord): void {
  const size = headerOf(exchange.request, "x-amz-mp-object-size");
  if (size !== undefined && size !== `${record.sizeBytes}`) {
    throw new S3Error("InvalidRequest", "x-amz-mp-object-size does not match the parts");
  }
  if (record.checksum === null) return;
  const sent = headerOf(exchange.request, checksumHeader(record.checksum.algorithm));
  if (sent !== undefined && sent !== record.checksum.value) {
    throw new S3Error("BadDigest", "The checksum you specified did not match the object's.");
  }
}
