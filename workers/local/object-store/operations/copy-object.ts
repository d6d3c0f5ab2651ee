import { createHash } from "node:crypto";
import { checkPermission } from "../access-keys";
import { parseByteRange } from "../byte-range";
import { createChecksum } from "../checksums";
import { type Exchange, isoTime, quoted, sendXml, targetOf, writePreconditions } from "../exchange";
import type { ObjectRecord, Segment } from "../object-index";
import { checkCopyPreconditions } from "../preconditions";
import { invalidArgument, noSuchKey, notImplemented, S3Error } from "../s3-error";
import { decodeComponent, headerOf } from "../s3-request";
import {
  inBucket,
  readObject,
  replaceObject,
  requireBucket,
  retainObject,
  UncertainCommitError,
} from "../store";
import { readStoredHeaders } from "../stored-headers";
import { savePart } from "./multipart-uploads";
import { withNewFile } from "./put-object";

/** A copy is a further name for the same bytes on disk, so it costs nothing however long it is. */
export async function copyObject(exchange: Exchange): Promise<void> {
  const { store } = exchange;
  const target = targetOf(exchange);
  requireBucket(store, target.bucket);
  const replaces = headerOf(exchange.request, "x-amz-metadata-directive") === "REPLACE";
  const stored = readStoredHeaders(exchange.request);
  const source = readCopySource(exchange);
  if (!replaces && source.bucket === target.bucket && source.key === target.key) {
    throw new S3Error("InvalidRequest", "A copy onto itself has to change something");
  }
  const record = await withSource(exchange, source, async (original) => {
    const segments: Segment[] = [];
    try {
      for (const { file, sizeBytes } of original.segments) {
        segments.push({ file: await store.files.duplicate(file), sizeBytes });
      }
      const copy = {
        ...original,
        ...(replaces ? stored : {}),
        modifiedAtMs: store.clock.now(),
        segments,
      };
      const wanted = writePreconditions(exchange);
      await inBucket(store, target.bucket, () => replaceObject(store, target, copy, wanted));
      return copy;
    } catch (error) {
      const files = segments.map((segment) => segment.file);
      if (!(error instanceof UncertainCommitError)) await store.files.discard(files);
      throw error;
    }
  });
  sendXml(exchange, "CopyObjectResult", copyResult(record));
}

/** A part made of a range of an object that is there already. */
export async function uploadPartCopy(exchange: Exchange): Promise<void> {
  const { store, request } = exchange;
  const result = await withSource(exchange, readCopySource(exchange), async (original) => {
    const header = headerOf(request, "x-amz-copy-source-range");
    const range = parseByteRange(header, original.sizeBytes);
    if (header !== undefined && range === null) {
      throw invalidArgument("x-amz-copy-source-range", header);
    }
    const { start, end } = range ?? { start: 0, end: original.sizeBytes };
    return await withNewFile(store, (writer) =>
      savePart(exchange, writer, async (algorithm) => {
        const md5 = createHash("md5");
        const checksum = algorithm === undefined ? null : createChecksum(algorithm);
        for await (const data of readObject(store, original, start, end)) {
          md5.update(data);
          checksum?.update(data);
          await writer.write(data);
        }
        const value = checksum?.digest().toString("base64");
        return {
          sizeBytes: end - start,
          md5Hex: md5.digest("hex"),
          checksum: algorithm === undefined || value === undefined ? null : { algorithm, value },
        };
      }),
    );
  });
  sendXml(exchange, "CopyPartResult", copyResult(result));
}

const copyResult = (record: { modifiedAtMs: number; etag: string }) => ({
  LastModified: isoTime(record.modifiedAtMs),
  ETag: quoted(record.etag),
});

type Source = { readonly bucket: string; readonly key: string };

function readCopySource(exchange: Exchange): Source {
  const header = headerOf(exchange.request, "x-amz-copy-source") ?? "";
  const [name = "", version] = header.split("?versionId=");
  if (version !== undefined) throw notImplemented("versions");
  const path = decodeComponent(name).replace(/^\//, "");
  const slash = path.indexOf("/");
  if (slash < 1 || slash === path.length - 1) throw invalidArgument("x-amz-copy-source", header);
  const source = { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
  checkPermission(exchange.verified.key, "GET", source.bucket);
  return source;
}

async function withSource<T>(
  exchange: Exchange,
  source: Source,
  work: (record: ObjectRecord) => Promise<T>,
): Promise<T> {
  const { store, request } = exchange;
  requireBucket(store, source.bucket);
  const retained = await retainObject(store, source.bucket, source.key);
  if (retained === null) throw noSuchKey(source.key);
  try {
    const condition = (name: string) => headerOf(request, `x-amz-copy-source-${name}`);
    checkCopyPreconditions(retained.record, {
      ifMatch: condition("if-match"),
      ifNoneMatch: condition("if-none-match"),
      ifModifiedSince: condition("if-modified-since"),
      ifUnmodifiedSince: condition("if-unmodified-since"),
    });
    return await work(retained.record);
  } finally {
    await retained.release();
  }
}
