import { decryptSecret } from "@/lib/platform/secret";
import { createTablestoreSource } from "@/lib/sources/tablestore/tablestore-source";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import type { Connections } from "./connections";

/** A person waits for a use case's look at a store, so it gives up earlier than delivery does. */
const storeTimeoutMs = 10_000;

/** Sources and destinations with their secrets opened by the installation's key. */
export function createConnections(secretKey: Buffer): Connections {
  return {
    openSource: ({ secret, ...source }) =>
      createTablestoreSource({ ...source, accessKeySecret: decryptSecret(secret, secretKey) }),
    openStore: ({ secret, endpoint, ...destination }) =>
      createS3ObjectStore({
        ...destination,
        ...(endpoint === null ? {} : { endpoint }),
        secretAccessKey: decryptSecret(secret, secretKey),
        requestTimeoutMs: storeTimeoutMs,
      }),
  };
}
