import { bucketOf, type Exchange, sendEmpty, sendXml, targetOf } from "../exchange";
import { receiveText } from "../received-body";
import { notImplemented, S3Error, toS3Error } from "../s3-error";
import { headerOf } from "../s3-request";
import { inBucket, removeObject, requireBucket } from "../store";
import { childText, childTextExact, malformed, parseXml } from "../xml";

const keysMax = 1000;
const documentBytesMax = 8 * 1024 * 1024;

/** An absent key is deleted already. */
export async function deleteObject(exchange: Exchange): Promise<void> {
  const { bucket, key } = targetOf(exchange);
  if (headerOf(exchange.request, "if-match") !== undefined) throw notImplemented("If-Match here");
  await inBucket(exchange.store, bucket, () => removeObject(exchange.store, bucket, key));
  sendEmpty(exchange, 204);
}

export async function deleteObjects(exchange: Exchange): Promise<void> {
  const bucket = bucketOf(exchange);
  const { store, request, verified } = exchange;
  requireBucket(store, bucket);
  const document = parseXml(await receiveText(request, verified, { bytesMax: documentBytesMax }));
  if (document.name !== "Delete") throw malformed();
  const entries = document.children.filter((child) => child.name === "Object");
  if (entries.length === 0 || entries.length > keysMax) throw malformed();
  const keys = entries.map((entry) => childTextExact(entry, "Key"));
  if (entries.some((entry) => (childText(entry, "VersionId") ?? "") !== "")) {
    throw notImplemented("versions");
  }
  const deleted: { Key: string }[] = [];
  const failed: { Key: string; Code: string; Message: string }[] = [];
  for (const key of keys) {
    if (key === undefined || key === "") throw malformed();
    try {
      await inBucket(store, bucket, () => removeObject(store, bucket, key));
      deleted.push({ Key: key });
    } catch (error) {
      const { code, message } = toS3Error(error);
      if (error instanceof S3Error && code === "NoSuchBucket") throw error;
      failed.push({ Key: key, Code: code, Message: message });
    }
  }
  const quiet = childText(document, "Quiet") === "true";
  sendXml(exchange, "DeleteResult", { Deleted: quiet ? [] : deleted, Error: failed });
}
