import { type BucketLocationConstraint, CreateBucketCommand } from "@aws-sdk/client-s3";
import { classifyStorageError, readStorageFailure } from "./classify-storage-error";
import { createS3Client, type S3StoreConfig } from "./s3-client";

const alreadyThere = new Set(["BucketAlreadyOwnedByYou"]);

/** Creates the bucket unless this account has it. For the embedded setup: delivery never makes buckets. */
export async function ensureBucket(config: S3StoreConfig): Promise<void> {
  const client = createS3Client(config);
  try {
    await client.send(
      new CreateBucketCommand({
        Bucket: config.bucket,
        // us-east-1 is the one region that must not be named here.
        ...(config.region === "us-east-1"
          ? {}
          : {
              CreateBucketConfiguration: {
                LocationConstraint: config.region as BucketLocationConstraint,
              },
            }),
      }),
    );
  } catch (error) {
    if (alreadyThere.has(readStorageFailure(error).providerCode ?? "")) return;
    const { bucket, region } = config;
    throw classifyStorageError(error, { bucket, region, operation: "CreateBucket" });
  } finally {
    client.destroy();
  }
}
