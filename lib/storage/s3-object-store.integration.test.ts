import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppError, toAppError } from "@/lib/core/error";
import {
  startTestStore,
  testKey,
  testRegion,
} from "@/workers/local/object-store/testing/start-test-store";
import { ensureBucket } from "./create-bucket";
import { createS3Client, type S3StoreConfig } from "./s3-client";
import { createS3ObjectStore } from "./s3-object-store";
import { describeObjectStore } from "./testing/object-store-contract";

const readerKey = { accessKeyId: "reader", secretAccessKey: "reader-secret", readOnly: true };
const elsewhereKey = {
  accessKeyId: "elsewhere",
  secretAccessKey: "elsewhere-secret",
  buckets: ["another"],
};

function configOf(endpoint: string, overrides: Partial<S3StoreConfig> = {}): S3StoreConfig {
  return {
    endpoint,
    region: testRegion,
    bucket: "delivered",
    ...testKey,
    forcePathStyle: true,
    requestTimeoutMs: 5_000,
    ...overrides,
  };
}

for (const requestChecksumCalculation of ["WHEN_SUPPORTED", "WHEN_REQUIRED"] as const) {
  describeObjectStore(`the S3 adapter, checksums ${requestChecksumCalculation},`, async () => {
    const server = await startTestStore();
    const config = configOf(server.endpoint, { requestChecksumCalculation });
    await ensureBucket(config);
    const store = createS3ObjectStore(config);
    const another = createS3ObjectStore(config);
    const missing = createS3ObjectStore({ ...config, bucket: "missing" });
    return {
      store,
      another,
      missing,
      async close() {
        for (const opened of [store, another, missing]) opened.close();
        await server.close();
      },
    };
  });
}

describe("the S3 adapter names what is wrong with a destination", () => {
  let server: Awaited<ReturnType<typeof startTestStore>>;
  beforeAll(async () => {
    server = await startTestStore({ keys: [testKey, readerKey, elsewhereKey] });
    await ensureBucket(configOf(server.endpoint));
  });
  afterAll(() => server.close());

  const failureWith = async (overrides: Partial<S3StoreConfig>): Promise<AppError> => {
    const store = createS3ObjectStore(configOf(server.endpoint, overrides));
    try {
      await store.checkBucket("folder/");
    } catch (error) {
      return toAppError(error);
    } finally {
      store.close();
    }
    throw new Error("The check was expected to fail");
  };

  it("a key that may only read is denied by the check, before delivery meets it", async () => {
    const error = await failureWith(readerKey);
    expect(error.code).toBe("destination.access_denied");
    expect(error.details).toMatchObject({
      bucket: "delivered",
      operation: "CreateMultipartUpload",
      providerCode: "AccessDenied",
    });
  });

  it("a key for other buckets is denied, also by a HEAD without a body", async () => {
    expect((await failureWith(elsewhereKey)).code).toBe("destination.access_denied");
    const store = createS3ObjectStore(configOf(server.endpoint, elsewhereKey));
    await expect(store.head("a")).rejects.toMatchObject({ code: "destination.access_denied" });
    store.close();
  });

  it("a wrong secret and an unknown key are invalid credentials", async () => {
    const secret = await failureWith({ secretAccessKey: "not-the-secret" });
    expect([secret.code, secret.details.providerCode]).toEqual([
      "destination.credentials_invalid",
      "SignatureDoesNotMatch",
    ]);
    const unknown = await failureWith({ accessKeyId: "unknown" });
    expect([unknown.code, unknown.details.providerCode]).toEqual([
      "destination.credentials_invalid",
      "InvalidAccessKeyId",
    ]);
  });

  it("a missing bucket is missing", async () => {
    expect((await failureWith({ bucket: "missing" })).code).toBe("destination.bucket_missing");
  });

  it("another region is named, also by a HEAD without a body", async () => {
    const error = await failureWith({ region: "eu-central-1" });
    expect(error.code).toBe("destination.wrong_region");
    expect(error.details).toMatchObject({ region: "eu-central-1", actualRegion: testRegion });
    const store = createS3ObjectStore(configOf(server.endpoint, { region: "eu-central-1" }));
    await expect(store.head("a")).rejects.toMatchObject({
      code: "destination.wrong_region",
      details: { actualRegion: testRegion },
    });
    store.close();
  });

  it("a port where nobody listens is unavailable, with the system's code", async () => {
    const error = await failureWith({ endpoint: "http://127.0.0.1:1" });
    expect([error.code, error.details.providerCode]).toEqual([
      "destination.unavailable",
      "ECONNREFUSED",
    ]);
  });

  it("no secret is in any error, its details, its cause or its stack", async () => {
    const secretAccessKey = "a-very-secret-secret";
    const error = await failureWith({ secretAccessKey });
    const seen = new Set<unknown>();
    const texts: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return void texts.push(String(value));
      if (seen.has(value)) return;
      seen.add(value);
      for (const name of Object.getOwnPropertyNames(value)) {
        collect((value as Record<string, unknown>)[name]);
      }
    };
    collect(error);
    expect(texts.join("\n")).not.toContain(secretAccessKey);
    expect(texts.join("\n")).toContain("SignatureDoesNotMatch");
  });

  it("the check leaves no open upload behind", async () => {
    const config = configOf(server.endpoint);
    const store = createS3ObjectStore(config);
    await store.checkBucket("left/");
    store.close();
    const client = createS3Client(config);
    const open = await client.send(new ListMultipartUploadsCommand({ Bucket: config.bucket }));
    expect(open.Uploads ?? []).toEqual([]);
    await expect(
      client.send(
        new AbortMultipartUploadCommand({ Bucket: config.bucket, Key: "x", UploadId: "none" }),
      ),
    ).rejects.toMatchObject({ name: "NoSuchUpload" });
    client.destroy();
  });

  it("making a bucket twice is no error", async () => {
    await ensureBucket(configOf(server.endpoint));
  });
});
