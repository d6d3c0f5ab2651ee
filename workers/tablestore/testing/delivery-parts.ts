import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Database } from "@/lib/db/client";
import { createDestination } from "@/lib/db/destinations";
import { createSource } from "@/lib/db/sources";
import { systemClock } from "@/lib/platform/clock";
import { encryptSecret } from "@/lib/platform/secret";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { spawnWorker, type WorkerProcess } from "@/workers/delivery/testing/worker-process";
import { startObjectStore } from "@/workers/local/object-store/server";
import { testAccess } from "./start-test-server";

const storeKey = { accessKeyId: "parts-key", secretAccessKey: "parts-secret-key" } as const;
const region = "us-east-1";

/** What stands around a table store whose Delivery API is tried: object store, database, workers. */
export type DeliveryParts = {
  readonly database: Database;
  readonly secretKey: Buffer;
  readonly storeKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The object store's address, as destinations have it. */
  readonly endpoint: string;
  /** A bucket and a destination of the same name for it. */
  addDestination(bucket: string, more?: { id?: string; endpoint?: string }): Promise<void>;
  /** Tells Culvert of the table store at that port. */
  addSource(id: string, port: number, instance?: string): Promise<void>;
  openBucket(bucket: string): ObjectStore;
  /** A delivery worker in a process of its own, until the parts are closed. */
  startWorker(): void;
  /** What the workers logged last, for whoever waits for them in vain. */
  workerWords(): string;
  close(): Promise<void>;
};

export async function startDeliveryParts(database: Database, url: string): Promise<DeliveryParts> {
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-delivery-parts-"));
  const secretKey = randomBytes(32);
  const objects = await startObjectStore({
    host: "127.0.0.1",
    port: 0,
    region,
    dataDirectory: directory,
    keys: [storeKey],
    clock: systemClock,
    log: pino({ level: "silent" }),
  });
  const endpoint = `http://127.0.0.1:${objects.port}`;
  const configOf = (bucket: string) => ({
    ...{ endpoint, region, bucket, forcePathStyle: true },
    ...storeKey,
  });
  const stores: ObjectStore[] = [];
  const workers: WorkerProcess[] = [];
  return {
    database,
    secretKey,
    storeKey,
    endpoint,
    async addDestination(bucket, more = {}) {
      await ensureBucket(configOf(bucket));
      const { accessKeyId, secretAccessKey } = storeKey;
      const secret = encryptSecret(secretAccessKey, secretKey);
      await createDestination(database, {
        ...{ id: bucket, name: more.id ?? bucket, endpoint, region, bucket, forcePathStyle: true },
        ...{ accessKeyId, secret, ...more },
      });
    },
    async addSource(id, port, instance = testAccess.instance) {
      await createSource(database, {
        ...{ id, name: id, kind: "tablestore", endpoint: `http://127.0.0.1:${port}`, instance },
        accessKeyId: testAccess.accessKeyId,
        secret: encryptSecret(testAccess.accessKeySecret, secretKey),
      });
    },
    openBucket(bucket) {
      const store = createS3ObjectStore(configOf(bucket));
      stores.push(store);
      return store;
    },
    startWorker() {
      const key = secretKey.toString("base64");
      workers.push(spawnWorker({ DATABASE_URL: url, CULVERT_SECRET_KEY: key }));
    },
    workerWords: () =>
      workers
        .flatMap(({ events }) => events.slice(-40).map((event) => JSON.stringify(event)))
        .join("\n"),
    async close() {
      for (const worker of workers) worker.kill("SIGKILL");
      await Promise.all(workers.map(({ ended }) => ended));
      for (const store of stores) store.close();
      await objects.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
