import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { DuckDBInstance } from "@duckdb/node-api";
import { pino } from "pino";
import type { TaskBody } from "@/lib/contracts/task-body";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Database } from "@/lib/db/client";
import { createDestination } from "@/lib/db/destinations";
import { createSource } from "@/lib/db/sources";
import type { StoredTask } from "@/lib/db/tasks";
import { systemClock } from "@/lib/platform/clock";
import { decryptSecret, encryptSecret } from "@/lib/platform/secret";
import { createTask } from "@/lib/services/create-task";
import { createTablestoreSource } from "@/lib/sources/tablestore/tablestore-source";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { startObjectStore } from "@/workers/local/object-store/server";
import { connectSdk, type SdkClient } from "@/workers/tablestore/testing/official-sdk";
import {
  startTestServer,
  type TestServer,
  testAccess,
} from "@/workers/tablestore/testing/start-test-server";

const storeKey = { accessKeyId: "rig-store-key", secretAccessKey: "rig-store-secret" } as const;
const region = "us-east-1";
const log = pino({ level: "silent" });

/** One line that a worker logged, as far as tests look at it. */
export type WorkerEvent = { readonly msg: string; readonly [key: string]: unknown };

export type WorkerProcess = {
  readonly events: readonly WorkerEvent[];
  /** The next event of that name; rejects when the process ends first. */
  waitFor(message: string): Promise<WorkerEvent>;
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
  readonly ended: Promise<number | null>;
};

export type Rig = {
  readonly database: Database;
  readonly sdk: SdkClient;
  readonly store: ObjectStore;
  readonly tablestore: TestServer;
  /** Creates a task by the console's own use case; source and destination are named "rig". */
  createTask(
    body: Partial<TaskBody> & Pick<TaskBody, "name" | "table" | "mode">,
  ): Promise<StoredTask>;
  startWorker(env?: Record<string, string>): WorkerProcess;
  /** All rows below a folder, read by DuckDB from the listed objects. */
  readRows(folder: string, columns: string): Promise<Record<string, unknown>[]>;
  listKeys(prefix: string): Promise<string[]>;
  close(): Promise<void>;
};

/** The real parts around a delivery worker: object store, table store, database, and worker processes. */
export async function startRig(connection: {
  database: Database;
  url: string;
  bucket?: string;
}): Promise<Rig> {
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-delivery-"));
  const secretKey = randomBytes(32);
  const bucket = connection.bucket ?? "rig";
  const objects = await startObjectStore({
    port: 0,
    host: "127.0.0.1",
    dataDirectory: path.join(directory, "objects"),
    region,
    keys: [storeKey],
    clock: systemClock,
    log,
  });
  const tablestore = await startTestServer({ longPollMs: 200 });
  const endpoint = `http://127.0.0.1:${objects.port}`;
  const config = { endpoint, region, bucket, forcePathStyle: true, ...storeKey };
  await ensureBucket(config);
  const store = createS3ObjectStore(config);
  const { database } = connection;
  await createSource(database, {
    id: "rig",
    name: "rig",
    kind: "tablestore",
    endpoint: `http://127.0.0.1:${tablestore.port}`,
    instance: testAccess.instance,
    accessKeyId: testAccess.accessKeyId,
    secret: encryptSecret(testAccess.accessKeySecret, secretKey),
  });
  await createDestination(database, {
    id: "rig",
    name: "rig",
    endpoint,
    region,
    bucket,
    forcePathStyle: true,
    accessKeyId: storeKey.accessKeyId,
    secret: encryptSecret(storeKey.secretAccessKey, secretKey),
  });
  const workers: WorkerProcess[] = [];
  const connections = {
    openSource: (row: {
      endpoint: string;
      instance: string;
      accessKeyId: string;
      secret: string;
    }) => createTablestoreSource({ ...row, accessKeySecret: decryptSecret(row.secret, secretKey) }),
    openStore: () => createS3ObjectStore(config),
  };
  return {
    database,
    sdk: connectSdk({ port: tablestore.port, ...testAccess }),
    store,
    tablestore,
    createTask: (body) =>
      createTask(
        { database, connections, log },
        {
          sourceId: "rig",
          destinationId: "rig",
          prefix: body.name,
          schema: { kind: "auto" },
          flush: { seconds: 5 },
          ...body,
        },
      ),
    startWorker(env = {}) {
      const worker = spawnWorker({
        DATABASE_URL: connection.url,
        CULVERT_SECRET_KEY: secretKey.toString("base64"),
        ...env,
      });
      workers.push(worker);
      return worker;
    },
    readRows: (folder, columns) => readRows(store, folder, columns),
    listKeys: (prefix) => listKeys(store, prefix),
    async close() {
      for (const worker of workers) worker.kill("SIGKILL");
      await Promise.all(workers.map(({ ended }) => ended));
      store.close();
      await tablestore.close();
      await objects.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function spawnWorker(env: Record<string, string>): WorkerProcess {
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", "--import", "tsx", "workers/delivery/main.ts"],
    {
      env: {
        NODE_ENV: "test",
        PATH: process.env.PATH ?? "",
        LOG_LEVEL: "info",
        CULVERT_LEASE_MS: "1500",
        ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const events: WorkerEvent[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    events.push(line.startsWith("{") ? (JSON.parse(line) as WorkerEvent) : { msg: line });
    for (const listener of listeners) listener();
  });
  const ended = endOf(child);
  return {
    events,
    ended,
    kill: (signal) => void child.kill(signal),
    waitFor: (message) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(({ msg }) => msg === message);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() =>
          reject(
            new Error(
              `The worker ended before "${message}":\n${events.map(({ msg }) => msg).join("\n")}`,
            ),
          ),
        );
      }),
  };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

async function listKeys(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list({ prefix, ...(after === undefined ? {} : { after }) });
    keys.push(...page.objects.map(({ key }) => key));
    const last = keys.at(-1);
    if (page.next === null || last === undefined) return keys;
    after = last;
  }
}

/** Fetches what is listed now and lets DuckDB read it; object names have no extension, files here do. */
async function readRows(
  store: ObjectStore,
  folder: string,
  columns: string,
): Promise<Record<string, unknown>[]> {
  const keys = await listKeys(store, `${folder}/`);
  if (keys.length === 0) return [];
  const directory = path.join(tmpdir(), `culvert-read-${randomUUID()}`);
  await mkdir(directory);
  try {
    for (const [index, key] of keys.entries()) {
      const bytes = await store.read(key);
      if (bytes) await writeFile(path.join(directory, `${index}.parquet`), bytes);
    }
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const result = await connection.runAndReadAll(
      `SELECT ${columns} FROM read_parquet('${directory}/*.parquet', union_by_name = true)`,
    );
    const rows = result.getRowObjects();
    connection.closeSync();
    instance.closeSync();
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
