import { CreateBucketCommand, HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";

/**
 * Makes the bucket of the embedded destination unless it is there. The administrator, the API key
 * and the `embedded` source and destination are made by the console, which owns their tables; it
 * reads the same credentials file.
 */
export async function ensureBucket(
  store: CredentialsFile["objectStore"],
  bucket: string,
): Promise<void> {
  const client = new S3Client({
    endpoint: store.endpoint,
    region: store.region,
    forcePathStyle: true,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
  });
  try {
    if (await hasBucket(client, bucket)) return;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } finally {
    client.destroy();
  }
}

async function hasBucket(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return false;
    throw error;
  }
}
