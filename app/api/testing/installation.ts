import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import { cloneDatabase } from "@/lib/db/testing/test-database";
import { systemClock } from "@/lib/platform/clock";
import { randomSecret } from "@/lib/platform/secret";
import { bootstrap } from "@/lib/services/bootstrap";
import { type ConsoleServices, consoleServices } from "@/lib/services/console-services";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { startObjectStore } from "@/workers/local/object-store/server";
import { startTablestore } from "@/workers/tablestore/server";
import { connectSdk, type SdkClient } from "@/workers/tablestore/testing/official-sdk";

const silent = pino({ level: "silent" });

export const narrowKey = { accessKeyId: "NARROWKEY", secretAccessKey: "narrow-secret-narrow" };
export const readOnlyKey = { accessKeyId: "READONLYKEY", secretAccessKey: "read-only-secret-1" };

export type Installation = {
  readonly services: ConsoleServices;
  readonly credentials: CredentialsFile;
  /** The official SDK on the embedded table store. */
  readonly tables: SdkClient;
  readonly makeBucket: (bucket: string) => Promise<void>;
};

/** Everything real on loopback: PostgreSQL, table store, object store, and the console's services. */
export function withInstallation(): () => Installation {
  let made: { installation: Installation; close: () => Promise<void> } | null = null;
  beforeAll(async () => {
    made = await startInstallation();
  });
  afterAll(async () => {
    await made?.close();
  });
  return () => {
    if (!made) throw new Error("The installation exists from beforeAll on");
    return made.installation;
  };
}

async function startInstallation() {
  const home = mkdtempSync(path.join(os.tmpdir(), "culvert-console-"));
  const test = await cloneDatabase();
  const objectKey = { accessKeyId: "TESTOBJECTKEY", secretAccessKey: randomSecret(24) };
  const store = await startObjectStore({
    host: "127.0.0.1",
    port: 0,
    region: "us-east-1",
    dataDirectory: path.join(home, "objects"),
    keys: [objectKey, { ...narrowKey, buckets: ["narrow"] }, { ...readOnlyKey, readOnly: true }],
    clock: systemClock,
  });
  const tableKey = { accessKeyId: "TESTTABLEKEY", accessKeySecret: randomSecret(24) };
  const tablestore = await startTablestore({
    port: 0,
    instance: "culvert",
    ...tableKey,
    directory: path.join(home, "tables"),
    clock: systemClock,
    log: silent,
  });
  const credentials: CredentialsFile = {
    console: {
      endpoint: "http://127.0.0.1:3000",
      email: "admin@culvert.local",
      password: randomSecret(15),
      apiKey: `culvert_${randomSecret(32)}`,
    },
    tablestore: { endpoint: `http://127.0.0.1:${tablestore.port}`, ...tableKey },
    objectStore: {
      endpoint: `http://127.0.0.1:${store.port}`,
      region: "us-east-1",
      ...objectKey,
    },
  };
  const file = path.join(home, "credentials.json");
  writeFileSync(file, JSON.stringify(credentials));
  chmodSync(file, 0o600);
  process.env.DATABASE_URL = test.url;
  process.env.CULVERT_SECRET_KEY = Buffer.alloc(32, 7).toString("base64");
  process.env.CULVERT_HOME = home;
  process.env.LOG_LEVEL = "silent";
  const services = consoleServices();
  const makeBucket = (bucket: string) =>
    ensureBucket({ ...credentials.objectStore, bucket, forcePathStyle: true });
  await makeBucket("culvert-demo");
  await bootstrap(services, credentials, { instance: "culvert", bucket: "culvert-demo" });
  const tables = connectSdk({ port: tablestore.port, instance: "culvert", ...tableKey });
  return {
    installation: { services, credentials, tables, makeBucket },
    close: async () => {
      await services.database.close();
      await tablestore.close();
      await store.close();
      await test.drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
