import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { createS3Client, type S3StoreConfig } from "@/lib/storage/s3-client";

/** What other people do to a bucket. Delivery never does any of it. */
export function openRawBucket(config: S3StoreConfig) {
  const client = createS3Client(config);
  const Bucket = config.bucket;
  return {
    remove: () => client.send(new DeleteBucketCommand({ Bucket })),
    put: (Key: string, Body: string | Uint8Array) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body })),
    delete: (Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key })),
    /** Ids of the multipart uploads that are open. */
    async listUploads(): Promise<string[]> {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return Uploads.map(({ UploadId = "" }) => UploadId);
    },
    close: () => client.destroy(),
  };
}
