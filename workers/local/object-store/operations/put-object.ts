import { checksumHeader } from "../checksums";
import type { DataFileWriter } from "../data-files";
import { type Exchange, quoted, sendEmpty, targetOf, writePreconditions } from "../exchange";
import { receiveBody } from "../received-body";
import { inBucket, replaceObject, requireBucket, type Store, UncertainCommitError } from "../store";
import { readStoredHeaders } from "../stored-headers";

export async function putObject(exchange: Exchange): Promise<void> {
  const { store, request, verified } = exchange;
  const target = targetOf(exchange);
  requireBucket(store, target.bucket);
  const stored = readStoredHeaders(request);
  const received = await withNewFile(store, async (writer) => {
    const body = await receiveBody(request, verified, writer.write);
    await writer.finish();
    const record = {
      etag: body.md5Hex,
      sizeBytes: body.sizeBytes,
      modifiedAtMs: store.clock.now(),
      ...stored,
      segments: [{ file: writer.file, sizeBytes: body.sizeBytes }],
      checksum: body.checksum && { ...body.checksum, type: "FULL_OBJECT" as const },
      multipart: false,
    };
    const wanted = writePreconditions(exchange);
    await inBucket(store, target.bucket, () => replaceObject(store, target, record, wanted));
    return body;
  });
  const { checksum } = received;
  sendEmpty(exchange, 200, {
    etag: quoted(received.md5Hex),
    ...(checksum === null
      ? {}
      : {
          [checksumHeader(checksum.algorithm)]: checksum.value,
          "x-amz-checksum-type": "FULL_OBJECT",
        }),
  });
}

/** Gives the file up unless `work` made a record name it, or may have. */
export async function withNewFile<T>(
  store: Store,
  work: (writer: DataFileWriter) => Promise<T>,
): Promise<T> {
  const writer = await store.files.create();
  try {
    return await work(writer);
  } catch (error) {
    if (!(error instanceof UncertainCommitError)) await writer.discard();
    throw error;
  }
}
