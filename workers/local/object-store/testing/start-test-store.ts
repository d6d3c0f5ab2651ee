import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { systemClock } from "@/lib/platform/clock";
import { type ObjectStoreOptions, startObjectStore } from "../server";

export const testKey = { accessKeyId: "test-key", secretAccessKey: "test-secret-key" } as const;
export const testRegion = "us-east-1";

/** An object store in this process, in a directory of its own that goes with it. */
export async function startTestStore(overrides: Partial<ObjectStoreOptions> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-object-store-"));
  const options: ObjectStoreOptions = {
    port: 0,
    host: "127.0.0.1",
    dataDirectory: directory,
    region: testRegion,
    keys: [testKey],
    clock: systemClock,
    onFatal: (error) => {
      throw error;
    },
    ...overrides,
  };
  let server = await startObjectStore(options).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  const port = server.port;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    directory,
    async restart() {
      await server.close();
      server = await startObjectStore({ ...options, port });
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function createTestClient(endpoint: string, overrides: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint,
    region: testRegion,
    credentials: testKey,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { requestTimeout: 20_000, throwOnRequestTimeout: true },
    ...overrides,
  });
}
