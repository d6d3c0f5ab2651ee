import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import TableStore from "tablestore";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import { systemClock } from "@/lib/platform/clock";
import { describeMissingHealth } from "./http-probe";
import { startPostgres } from "./postgres";
import {
  findParts,
  isRunning,
  type RunningCulvert,
  readCredentialsOf,
  startCulvert,
} from "./testing/running-culvert";

/** One installation, looked at from outside through its whole life; the tests go in order. */
const directory = mkdtempSync(path.join(tmpdir(), "culvert-up-"));
const home = path.join(directory, "home");
const ready = /Culvert is ready/;
const partNames = ["console", "delivery", "object-store", "postgres", "tablestore"];
let culvert: RunningCulvert;
let first: CredentialsFile;

beforeAll(async () => {
  // PostgreSQL does not run as root; the account it gets instead has to pass through here.
  chmodSync(directory, 0o711);
  mkdirSync(home, { mode: 0o711 });
  culvert = startCulvert(home);
  await culvert.waitForLine(ready);
  first = readCredentialsOf(home);
}, 400_000);

afterAll(async () => {
  culvert.signal("SIGTERM");
  await culvert.exited;
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

test("a first start makes credentials only its owner can read, and shows them", async () => {
  expect(statSync(path.join(home, "credentials.json")).mode & 0o777).toBe(0o600);
  // The lines after "ready" may still be under way; one that never comes fails by the time limit.
  const { console, tablestore } = first;
  for (const shown of [console.endpoint, console.password, tablestore.accessKeySecret]) {
    await culvert.waitForLine(shown);
  }
});

test("every part runs, and only a delivery worker's command line says workers/delivery", () => {
  const parts = findParts(home);
  expect(Object.keys(parts).sort()).toEqual(partNames);
  const saying = Object.entries({ ...parts, supervisor: culvert.pid })
    .filter(([, pid]) => commandLineOf(pid).includes("workers/delivery"))
    .map(([name]) => name);
  expect(saying).toEqual(["delivery"]);
});

test("the bucket is there, and what is written stays for a later test", async () => {
  const s3 = openBucket(first);
  await s3.send(new HeadBucketCommand({ Bucket: "culvert-demo" }));
  await s3.send(new PutObjectCommand({ Bucket: "culvert-demo", Key: "kept", Body: "as it was" }));
  const tablestore = openTableStore(first);
  await tablestore.createTable({
    tableMeta: { tableName: "kept", primaryKey: [{ name: "id", type: "STRING" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
  });
  await tablestore.putRow({
    tableName: "kept",
    condition: new TableStore.Condition(TableStore.RowExistenceExpectation.IGNORE, null),
    primaryKey: [{ id: "row" }],
    attributeColumns: [{ text: "as it was" }],
  });
});

test("what is configured from outside is not started, and two homes run side by side", async () => {
  const outside = path.join(directory, "outside");
  mkdirSync(outside, { mode: 0o711 });
  const log = () => {};
  const postgres = await startPostgres({ dataDirectory: outside, password: "from outside", log });
  onTestFinished(() => postgres.stop());
  const other = path.join(directory, "other");
  const second = startCulvert(other, {
    DATABASE_URL: postgres.url,
    TABLESTORE_ENDPOINT: first.tablestore.endpoint,
    TABLESTORE_ACCESS_KEY_ID: first.tablestore.accessKeyId,
    TABLESTORE_ACCESS_KEY_SECRET: first.tablestore.accessKeySecret,
    OBJECT_STORE_ENDPOINT: first.objectStore.endpoint,
    OBJECT_STORE_ACCESS_KEY_ID: first.objectStore.accessKeyId,
    OBJECT_STORE_SECRET_ACCESS_KEY: first.objectStore.secretAccessKey,
  });
  await second.waitForLine(ready);
  expect(Object.keys(findParts(other)).sort()).toEqual(["console", "delivery"]);
  expect(readCredentialsOf(other).tablestore).toEqual(first.tablestore);
  expect(readCredentialsOf(other).console.apiKey).not.toBe(first.console.apiKey);
  second.signal("SIGTERM");
  expect(await second.exited).toBe(0);
});

test("a second supervisor on the same home refuses and says why", async () => {
  const second = startCulvert(home);
  expect(await second.exited).toBe(1);
  expect(second.lines.join("\n")).toContain(
    `Culvert already runs on ${home} (process ${culvert.pid})`,
  );
  expect(isRunning(culvert.pid)).toBe(true);
});

test("a taken port is named with its setting, and nothing is left running", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const other = path.join(directory, "refused");
  const refused = startCulvert(other, { TABLESTORE_PORT: String(port) });
  expect(await refused.exited).toBe(1);
  expect(refused.lines.join("\n")).toContain(`Port ${port} (Tablestore) is taken`);
  expect(refused.lines.join("\n")).toContain("TABLESTORE_PORT");
  expect(existsSync(path.join(other, "run/supervisor.json"))).toBe(false);
  expect(existsSync(path.join(other, "postgres"))).toBe(false);
  server.close();
});

test("settings that cannot work are all named at once", async () => {
  const refused = startCulvert(path.join(directory, "refused"), {
    PORT: "http",
    OBJECT_STORE_ENDPOINT: "http://127.0.0.1:1",
  });
  expect(await refused.exited).toBe(1);
  const shown = refused.lines.join("\n");
  expect(shown).toContain("PORT:");
  expect(shown).toContain("OBJECT_STORE_SECRET_ACCESS_KEY: is needed");
});

test.each(partNames)(
  "%s is started again after SIGKILL, and the whole serves again",
  async (name) => {
    const before = findParts(home)[name] as number;
    process.kill(before, "SIGKILL");
    await culvert.waitForLine(
      new RegExp(`culvert .*\\b${name} ended by SIGKILL; starting it again`),
    );
    const hasReturned = () => {
      const pid = findParts(home)[name];
      return pid !== undefined && pid !== before && isRunning(pid);
    };
    while (!hasReturned() || (await describeMissingHealth(first.console.endpoint)) !== null) {
      await systemClock.sleep(50);
    }
    expect(findParts(home)[name]).not.toBe(before);
  },
);

test("after SIGKILL of the supervisor its children end by themselves", async () => {
  const parts = Object.values(findParts(home));
  culvert.signal("SIGKILL");
  expect(await culvert.exited).toBe("SIGKILL");
  while (parts.some(isRunning)) await systemClock.sleep(50);
});

test("the next start goes on with the same credentials, rows and objects", async () => {
  culvert = startCulvert(home);
  await culvert.waitForLine(ready);
  const second = readCredentialsOf(home);
  expect(withoutEndpoints(second)).toEqual(withoutEndpoints(first));

  const stored = await openBucket(second).send(
    new GetObjectCommand({ Bucket: "culvert-demo", Key: "kept" }),
  );
  expect(await stored.Body?.transformToString()).toBe("as it was");
  const { row } = await openTableStore(second).getRow({
    tableName: "kept",
    primaryKey: [{ id: "row" }],
  });
  expect(row.attributes?.[0]).toMatchObject({ columnName: "text", columnValue: "as it was" });
});

test("SIGTERM stops every part and ends with 0", async () => {
  const parts = Object.values(findParts(home));
  culvert.signal("SIGTERM");
  expect(await culvert.exited).toBe(0);
  expect(parts.filter(isRunning)).toEqual([]);
  expect(existsSync(path.join(home, "run/supervisor.json"))).toBe(false);
});

function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

function withoutEndpoints(credentials: CredentialsFile): object {
  return Object.values(credentials).map(({ endpoint: _, ...rest }) => rest);
}

function openBucket({ objectStore }: CredentialsFile): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = objectStore;
  const credentials = { accessKeyId, secretAccessKey };
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials });
}

function openTableStore({ tablestore }: CredentialsFile): TableStore.Client {
  return new TableStore.Client({
    endpoint: tablestore.endpoint,
    instancename: "culvert",
    accessKeyId: tablestore.accessKeyId,
    secretAccessKey: tablestore.accessKeySecret,
  });
}
