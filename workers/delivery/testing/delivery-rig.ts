import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import type { TaskBody } from "@/lib/contracts/task-body";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Database } from "@/lib/db/client";
import { createDestination, type NewDestination } from "@/lib/db/destinations";
import { createSource } from "@/lib/db/sources";
import type { StoredTask } from "@/lib/db/tasks";
import { type Clock, systemClock } from "@/lib/platform/clock";
import { findFreePort } from "@/lib/platform/free-port";
import { encryptSecret } from "@/lib/platform/secret";
import type { Connections } from "@/lib/services/connections";
import { createConnections } from "@/lib/services/create-connections";
import { createTask } from "@/lib/services/create-task";
import { ensureBucket } from "@/lib/storage/create-bucket";
import type { S3StoreConfig } from "@/lib/storage/s3-client";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { TablestoreClient } from "@/lib/tablestore/client";
import type { AccessKey } from "@/workers/local/object-store/access-keys";
import { startObjectStore } from "@/workers/local/object-store/server";
import { startTablestore } from "@/workers/tablestore/server";
import { connectSdk, type SdkClient } from "@/workers/tablestore/testing/official-sdk";
import { testAccess } from "@/workers/tablestore/testing/start-test-server";
import { listKeys, queryDataset, type Row } from "./read-dataset";
import { spawnWorker, type WorkerProcess } from "./worker-process";

export type { WorkerProcess } from "./worker-process";

const storeKey = { accessKeyId: "rig-store-key", secretAccessKey: "rig-store-secret" } as const;
const region = "us-east-1";
const log = pino({ level: "silent" });

export type Rig = {
  readonly database: Database;
  readonly sdk: SdkClient;
  /** The table store's own protocol, for what no SDK would send. */
  readonly client: TablestoreClient;
  readonly store: ObjectStore;
  readonly storeConfig: S3StoreConfig;
  readonly secretKey: Buffer;
  /** How the console's use cases reach sources and destinations. */
  readonly connections: Connections;
  readonly source: { readonly port: number; stop(): Promise<void>; start(): Promise<void> };
  /** Another place to deliver to, like "rig" but for what is given. */
  createDestination(
    destination: Partial<NewDestination> & { id: string; secretAccessKey?: string },
  ): Promise<void>;
  encrypt(secret: string): string;
  /** Creates a task by the console's own use case; source and destination are named "rig". */
  createTask(
    body: Partial<TaskBody> & Pick<TaskBody, "name" | "table" | "mode">,
  ): Promise<StoredTask>;
  startWorker(env?: Record<string, string>): WorkerProcess;
  /** Resolves when every worker process is gone. */
  killWorkers(): Promise<void>;
  /** All rows below a folder, read by DuckDB from the listed objects. */
  readRows(folder: string, columns: string): Promise<Row[]>;
  listKeys(prefix: string): Promise<string[]>;
  close(): Promise<void>;
};

/** The real parts around a delivery worker: object store, table store, database, and worker processes. */
export async function startRig(options: {
  database: Database;
  url: string;
  bucket?: string;
  /** Keys of the object store beside the one of "rig". */
  keys?: readonly AccessKey[];
  /** The table store's time; default the machine's. */
  sourceClock?: Clock;
}): Promise<Rig> {
  const { database, url } = options;
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-delivery-"));
  const secretKey = randomBytes(32);
  const encrypt = (secret: string) => encryptSecret(secret, secretKey);
  const objects = await startObjectStore({
    port: 0,
    host: "127.0.0.1",
    dataDirectory: path.join(directory, "objects"),
    region,
    keys: [storeKey, ...(options.keys ?? [])],
    clock: systemClock,
    log,
  });
  const source = await startSource(path.join(directory, "tables"), options.sourceClock);
  const bucket = options.bucket ?? "rig";
  const endpoint = `http://127.0.0.1:${objects.port}`;
  const storeConfig = { endpoint, region, bucket, forcePathStyle: true, ...storeKey };
  await ensureBucket(storeConfig);
  const store = createS3ObjectStore(storeConfig);
  const sourceEndpoint = `http://127.0.0.1:${source.port}`;
  const { instance, accessKeyId, accessKeySecret } = testAccess;
  await createSource(database, {
    ...{ id: "rig", name: "rig", kind: "tablestore", endpoint: sourceEndpoint },
    ...{ instance, accessKeyId, secret: encrypt(accessKeySecret) },
  });
  const addDestination: Rig["createDestination"] = async ({ secretAccessKey, ...given }) => {
    const secret = encrypt(secretAccessKey ?? storeKey.secretAccessKey);
    const usual = { name: given.id, endpoint, region, bucket, forcePathStyle: true, secret };
    const { accessKeyId } = storeKey;
    await createDestination(database, { accessKeyId, ...usual, ...given });
  };
  await addDestination({ id: "rig" });
  const client = new TablestoreClient({
    ...{ ...testAccess, endpoint: sourceEndpoint, clock: systemClock, random: Math.random },
    retryTotalMs: 0,
  });
  const connections = createConnections(secretKey);
  const workers: WorkerProcess[] = [];
  const killWorkers = async () => {
    for (const worker of workers) worker.kill("SIGKILL");
    await Promise.all(workers.map(({ ended }) => ended));
  };
  return {
    ...{ database, client, store, storeConfig, secretKey, connections, source, encrypt },
    sdk: connectSdk({ port: source.port, ...testAccess }),
    createDestination: addDestination,
    createTask: (body) =>
      createTask(
        { database, connections, log },
        {
          ...{ sourceId: "rig", destinationId: "rig", prefix: body.name },
          ...{ schema: { kind: "auto" }, flush: { seconds: 5 }, ...body },
        },
      ),
    startWorker(env = {}) {
      const worker = spawnWorker({
        DATABASE_URL: url,
        CULVERT_SECRET_KEY: secretKey.toString("base64"),
        ...env,
      });
      workers.push(worker);
      return worker;
    },
    killWorkers,
    readRows: (folder, columns) =>
      queryDataset(
        store,
        `${folder}/`,
        `SELECT ${columns} FROM read_parquet({files}, union_by_name = true)`,
      ),
    listKeys: (prefix) => listKeys(store, prefix),
    async close() {
      await killWorkers();
      client.close();
      store.close();
      await source.stop();
      await objects.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The table store in this process; it can go away and come back on its port, with its data. */
async function startSource(directory: string, clock: Clock = systemClock): Promise<Rig["source"]> {
  const open = (port: number) =>
    startTablestore({
      ...{ ...testAccess, port, directory, clock, log, longPollMs: 200 },
      // Requests are signed by the machine's clock, whatever the table store's is.
      clockSkewMaxMs: null,
      onBroken: (error) => {
        throw error;
      },
    });
  const port = await findFreePort("127.0.0.1");
  let server: Awaited<ReturnType<typeof open>> | null = await open(port);
  return {
    port,
    async stop() {
      await server?.close();
      server = null;
    },
    async start() {
      server ??= await open(port);
    },
  };
}
