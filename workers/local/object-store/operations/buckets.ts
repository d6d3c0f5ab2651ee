import { mayUseBucket } from "../access-keys";
import { bucketOf, type Exchange, isoTime, sendEmpty, sendXml } from "../exchange";
import { listObjects } from "../listing";
import {
  bucketKey,
  type PartRecord,
  partKey,
  put,
  remove,
  successorOf,
  uploadIdLength,
  uploadKey,
} from "../object-index";
import { receiveText } from "../received-body";
import { S3Error } from "../s3-error";
import { bucketLock, commit, requireBucket, type Store } from "../store";
import { childText, malformed, parseXml } from "../xml";

const configurationBytesMax = 64 * 1024;
const bucketsMax = 1000;

export async function listBuckets(exchange: Exchange): Promise<void> {
  const buckets = [...exchange.store.buckets]
    .filter(([name]) => mayUseBucket(exchange.verified.key, name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { createdAtMs }]) => ({ Name: name, CreationDate: isoTime(createdAtMs) }));
  sendXml(exchange, "ListAllMyBucketsResult", {
    Owner: { ID: "culvert", DisplayName: "culvert" },
    Buckets: { Bucket: buckets },
  });
}

export async function createBucket(exchange: Exchange): Promise<void> {
  const bucket = bucketOf(exchange);
  const { store } = exchange;
  checkBucketName(bucket);
  const text = await receiveText(exchange.request, exchange.verified, {
    bytesMax: configurationBytesMax,
  });
  checkLocation(text, store.region);
  await store.locks.exclusive(bucketLock(bucket), async () => {
    if (store.buckets.has(bucket)) {
      throw new S3Error("BucketAlreadyOwnedByYou", "You created this bucket already", {
        BucketName: bucket,
      });
    }
    if (store.buckets.size >= bucketsMax) {
      throw new S3Error("InvalidRequest", `This store holds at most ${bucketsMax} buckets`);
    }
    const record = { createdAtMs: store.clock.now() };
    await commit(store, [put(bucketKey(bucket), record)]);
    store.buckets.set(bucket, record);
  });
  sendEmpty(exchange, 200, { location: `/${bucket}` });
}

function checkBucketName(bucket: string): void {
  const wellFormed = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes("..");
  if (!wellFormed || /^\d+\.\d+\.\d+\.\d+$/.test(bucket)) {
    throw new S3Error("InvalidBucketName", "The specified bucket is not valid.", {
      BucketName: bucket,
    });
  }
}

function checkLocation(text: string, region: string): void {
  if (text.trim() === "") return;
  const document = parseXml(text);
  if (document.name !== "CreateBucketConfiguration") throw malformed();
  const location = childText(document, "LocationConstraint") ?? "";
  if (location === "" || location === region) return;
  throw new S3Error(
    "IllegalLocationConstraintException",
    `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

export async function headBucket(exchange: Exchange): Promise<void> {
  requireBucket(exchange.store, bucketOf(exchange));
  sendEmpty(exchange, 200, { "x-amz-bucket-region": exchange.store.region });
}

export async function deleteBucket(exchange: Exchange): Promise<void> {
  const bucket = bucketOf(exchange);
  const { store } = exchange;
  await store.locks.exclusive(bucketLock(bucket), async () => {
    requireBucket(store, bucket);
    const all = { bucket, prefix: "", delimiter: "", after: "", limit: 1 };
    if ((await listObjects(store.index, all)).entries.length > 0) {
      throw new S3Error("BucketNotEmpty", "The bucket you tried to delete is not empty", {
        BucketName: bucket,
      });
    }
    const uploads = await openUploadsOf(store, bucket);
    await commit(store, [remove(bucketKey(bucket)), ...uploads.changes]);
    store.buckets.delete(bucket);
    await store.files.discard(uploads.files);
  });
  sendEmpty(exchange, 204);
}

/** Uploads that are open do not keep a bucket; they go with it. */
async function openUploadsOf(store: Store, bucket: string) {
  const changes = [];
  const files: string[] = [];
  const first = uploadKey(bucket, "", "").subarray(0, -1);
  for await (const upload of store.index.scan(first, successorOf(first))) {
    const uploadId = upload.key.toString("utf8").slice(-uploadIdLength);
    changes.push(remove(upload.key));
    const from = partKey(uploadId, 0);
    for await (const part of store.index.scan<PartRecord>(from, partKey(uploadId, 99_999))) {
      changes.push(remove(part.key));
      files.push(part.value.file);
    }
  }
  return { changes: [...changes, ...store.files.abandon(files)], files };
}

/** us-east-1 is spelt as nothing, by S3's oldest habit. */
export async function getBucketLocation(exchange: Exchange): Promise<void> {
  requireBucket(exchange.store, bucketOf(exchange));
  const { region } = exchange.store;
  sendXml(exchange, "LocationConstraint", region === "us-east-1" ? "" : region);
}

/** Clients ask before they write; this store keeps one version, which is what the empty answer says. */
export async function getBucketVersioning(exchange: Exchange): Promise<void> {
  requireBucket(exchange.store, bucketOf(exchange));
  sendXml(exchange, "VersioningConfiguration", "");
}
