import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";

/** Every key under a prefix, in order, as anyone who may list the bucket sees it. */
export async function listKeys(s3: S3Client, bucket: string, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(next ? { ContinuationToken: next } : {}),
      }),
    );
    keys.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
    next = page.NextContinuationToken;
  } while (next);
  return keys;
}

/** Lays objects out under a folder as they lie in the bucket. */
export async function download(
  s3: S3Client,
  bucket: string,
  keys: readonly string[],
  folder: string,
): Promise<void> {
  for (const key of keys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const file = path.join(folder, key);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, (await Body?.transformToByteArray()) ?? new Uint8Array());
  }
}

export async function createBucket(s3: S3Client, bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
}

/** With everything in it. */
export async function removeBucket(s3: S3Client, bucket: string): Promise<void> {
  const keys = await listKeys(s3, bucket);
  if (keys.length > 0) {
    await s3.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })) },
      }),
    );
  }
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
}
