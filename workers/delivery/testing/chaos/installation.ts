import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { pino } from "pino";
import type { TaskBody } from "@/lib/contracts/task-body";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createDatabase, type Database } from "@/lib/db/client";
import { createDestination } from "@/lib/db/destinations";
import { migrateDatabase } from "@/lib/db/migrate";
import { createSource } from "@/lib/db/sources";
import type { StoredTask } from "@/lib/db/tasks";
import { systemClock } from "@/lib/platform/clock";
import { findFreePort } from "@/lib/platform/free-port";
import { encryptSecret, randomSecret } from "@/lib/platform/secret";
import { createConnections } from "@/lib/services/create-connections";
import { createDataset } from "@/lib/services/create-dataset";
import { createTask } from "@/lib/services/create-task";
import { setMergeSettings } from "@/lib/services/merge-settings";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { TablestoreClient } from "@/lib/tablestore/client";
import type { RunningPart } from "@/workers/local/part";
import { postgresPart } from "@/workers/local/postgres-part";
import { connectSdk, type SdkClient } from "@/workers/tablestore/testing/official-sdk";
import { testAccess } from "@/workers/tablestore/testing/start-test-server";
import { type HttpProxy, startHttpProxy } from "../proxy/http-proxy";
import { type PostgresProxy, startPostgresProxy } from "../proxy/postgres-proxy";
import { Child, waitForPort } from "./child";

export const leaseMs = 2_000;

const storeKey = { accessKeyId: "chaos-store-key", secretAccessKey: "chaos-store-secret" } as const;
const region = "us-east-1";
const bucket = "chaos";
const stopGraceMs = 20_000;
/** As few as it may be: many merges in little time. */
const mergedObjectsMin = 4;

/** Something that is killed now and then and comes back. */
export type Part = { readonly name: string; kill(): Promise<void>; start(): Promise<void> };

/** Every process of a Culvert, of its console the part that takes rows, each for itself, and the failing network between them. */
export type Installation = {
  readonly workers: readonly Child[];
  /** Takes rows into datasets on this port. */
  readonly console: Part & { readonly port: number };
  readonly objectStore: Part;
  readonly tableStore: Part;
  readonly postgres: Part;
  readonly proxies: {
    readonly objects: HttpProxy;
    readonly tables: HttpProxy;
    readonly postgres: PostgresProxy;
  };
  /** Past the proxies, as whatever else looks at these services does. */
  readonly sdk: SdkClient;
  readonly tablestore: TablestoreClient;
  readonly store: ObjectStore;
  readonly database: Database;
  /** One that is merged as often as may be, until `stopMerging`. */
  createDataset(name: string): Promise<void>;
  stopMerging(dataset: string): Promise<void>;
  createTask(
    body: Partial<TaskBody> & Pick<TaskBody, "name" | "table" | "mode">,
  ): Promise<StoredTask>;
  close(): Promise<void>;
};

export async function startInstallation(
  directory: string,
  workersMax: number,
): Promise<Installation> {
  const secretKey = randomBytes(32);
  const logs = path.join(directory, "logs");
  mkdirSync(logs, { recursive: true });
  const logFile = (name: string) => path.join(logs, `${name}.log`);
  const postgres = await startDatabase(directory);
  const databasePort = Number(new URL(postgres.url).port);
  const [objects, tables] = await Promise.all([
    startObjects(path.join(directory, "objects"), logFile("object-store")),
    startTables(path.join(directory, "tables"), logFile("tablestore")),
  ]);
  const proxies = {
    objects: await startHttpProxy(objects.port),
    tables: await startHttpProxy(tables.port),
    postgres: await startPostgresProxy(databasePort),
  };
  const storeConfig = { region, bucket, forcePathStyle: true, ...storeKey };
  const direct = { ...storeConfig, endpoint: `http://127.0.0.1:${objects.port}` };
  await ensureBucket(direct);
  const store = createS3ObjectStore(direct);
  const database = createDatabase(postgres.url, { applicationName: "chaos" });
  await addPlaces(database, secretKey, proxies);
  const workerUrl = new URL(postgres.url);
  workerUrl.port = String(proxies.postgres.port);
  const workers = Array.from({ length: workersMax }, (_, index) => {
    const name = `worker-${index + 1}`;
    const env = {
      DATABASE_URL: workerUrl.toString(),
      CULVERT_SECRET_KEY: secretKey.toString("base64"),
      CULVERT_LEASE_MS: String(leaseMs),
      CULVERT_HOME: directory,
      // A machine that is busy with the run itself would never merge.
      CULVERT_MERGE_LOAD_MAX: "1000",
    };
    return new Child({ name, script: "workers/delivery/main.ts", env, logFile: logFile(name) });
  });
  const sessions = await startConsole(logFile("console"), {
    DATABASE_URL: workerUrl.toString(),
    CULVERT_SECRET_KEY: secretKey.toString("base64"),
    CULVERT_HOME: directory,
  });
  const tablestore = new TablestoreClient({
    ...{ ...testAccess, endpoint: `http://127.0.0.1:${tables.port}` },
    ...{ clock: systemClock, random: Math.random, retryTotalMs: 0 },
  });
  const needs = {
    database,
    connections: createConnections(secretKey),
    log: pino({ level: "silent" }),
  };
  return {
    console: sessions,
    ...{ workers, objectStore: objects.part, tableStore: tables.part, postgres: postgres.part },
    ...{
      proxies,
      store,
      database,
      tablestore,
      sdk: connectSdk({ port: tables.port, ...testAccess }),
    },
    createDataset: (name) => makeDataset(needs, name),
    async stopMerging(name) {
      await setMergeSettings(needs, name, { isEnabled: false });
    },
    createTask: (body) =>
      createTask(needs, {
        ...{ sourceId: "chaos", destinationId: "chaos", prefix: body.name },
        ...{ schema: { kind: "auto" }, ...body },
      }),
    async close() {
      await Promise.all([...workers.map((worker) => worker.end("SIGKILL")), sessions.kill()]);
      store.close();
      tablestore.close();
      await database.close();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await Promise.all([objects.part.kill(), tables.part.kill()]);
      await postgres.stop();
    },
  };
}

async function makeDataset(
  needs: Parameters<typeof createDataset>[0],
  name: string,
): Promise<void> {
  const columns = [
    { name: "id", type: "UTF8" },
    { name: "v", type: "INT64" },
  ];
  await createDataset(needs, { name, destinationId: "chaos", folder: name, columns });
  await setMergeSettings(needs, name, { objectsMin: mergedObjectsMin });
}

async function addPlaces(
  database: Database,
  secretKey: Buffer,
  { objects, tables }: Pick<Installation["proxies"], "objects" | "tables">,
): Promise<void> {
  const { instance, accessKeyId, accessKeySecret } = testAccess;
  await createSource(database, {
    ...{ id: "chaos", name: "chaos", kind: "tablestore", endpoint: tables.endpoint },
    ...{ instance, accessKeyId, secret: encryptSecret(accessKeySecret, secretKey) },
  });
  const secret = encryptSecret(storeKey.secretAccessKey, secretKey);
  await createDestination(database, {
    ...{ id: "chaos", name: "chaos", endpoint: objects.endpoint, region, bucket, secret },
    ...{ accessKeyId: storeKey.accessKeyId, forcePathStyle: true },
  });
}

async function startDatabase(directory: string) {
  let running: RunningPart | null = null;
  let url = "";
  const part = postgresPart({
    dataDirectory: path.join(directory, "postgres"),
    port: await findFreePort("127.0.0.1"),
    password: randomSecret(16),
    log: () => undefined,
    opened: (at) => {
      url = at;
    },
  });
  const start = async () => {
    running = await part.start();
  };
  await start();
  await migrateDatabase(url);
  return {
    url,
    part: {
      name: "postgres",
      start,
      async kill() {
        running?.kill();
        await running?.exited;
      },
    },
    stop: async () => running?.stop(stopGraceMs),
  };
}

async function startObjects(data: string, logFile: string) {
  const port = await findFreePort("127.0.0.1");
  const env = {
    OBJECT_STORE_PORT: String(port),
    OBJECT_STORE_REGION: region,
    OBJECT_STORE_ACCESS_KEY_ID: storeKey.accessKeyId,
    OBJECT_STORE_SECRET_ACCESS_KEY: storeKey.secretAccessKey,
    OBJECT_STORE_DATA: data,
    LOG_LEVEL: "warn",
  };
  const script = "workers/local/object-store/main.ts";
  return startService(new Child({ name: "object store", script, env, logFile }), port);
}

async function startTables(data: string, logFile: string) {
  const port = await findFreePort("127.0.0.1");
  const env = {
    TABLESTORE_PORT: String(port),
    TABLESTORE_INSTANCE: testAccess.instance,
    TABLESTORE_ACCESS_KEY_ID: testAccess.accessKeyId,
    TABLESTORE_ACCESS_KEY_SECRET: testAccess.accessKeySecret,
    TABLESTORE_DATA: data,
    TABLESTORE_CHANNELS: "3",
    LOG_LEVEL: "warn",
  };
  const script = "workers/tablestore/main.ts";
  return startService(new Child({ name: "table store", script, env, logFile }), port);
}

async function startConsole(logFile: string, env: Readonly<Record<string, string>>) {
  const port = await findFreePort("127.0.0.1");
  const script = "workers/delivery/testing/session-console/main.ts";
  const given = { ...env, PORT: String(port) };
  const { part } = await startService(
    new Child({ name: "console", script, env: given, logFile }),
    port,
  );
  return { ...part, port };
}

async function startService(child: Child, port: number): Promise<{ port: number; part: Part }> {
  const start = async () => {
    child.start();
    await waitForPort(port);
  };
  await start();
  return { port, part: { name: child.name, start, kill: () => child.end("SIGKILL") } };
}
