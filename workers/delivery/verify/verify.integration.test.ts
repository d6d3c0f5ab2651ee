import { CopyObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isClean } from "@/lib/core/verify-report";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3Client } from "@/lib/storage/s3-client";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { type Rig, startRig } from "../testing/delivery-rig";
import { openRawBucket } from "../testing/raw-bucket";
import { listKeys, queryDataset } from "../testing/read-dataset";
import {
  type Change,
  createTable,
  ids,
  type LedgerObject,
  listObjects,
  waitForRecords,
  write,
} from "../testing/task-facts";
import { reportOf, verify } from "../testing/verified";
import { waitUntil as waitUntilWithin } from "../testing/wait-until";

// Each waits for several flushes and verifications, on a machine that may be slow.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const patienceMs = 150_000;
const waitUntil = <T>(what: string, look: () => Promise<T | false | null | undefined>) =>
  waitUntilWithin(what, look, patienceMs);

const given = withDatabase();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  rig.startWorker();
});
afterAll(() => rig.close());

const days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"];
const byDay = {
  eventTime: { column: "at", format: "RFC3339" },
  schema: { kind: "auto" },
} as const;

/** So many rows a day: each day has a folder, so one batch makes many objects. */
const rowsOf = (prefix: string, perDay: number): Change[] =>
  days.flatMap((day) =>
    ids(`${prefix}${day}-`, perDay).map((id) => ({
      id,
      values: { at: `${day}T12:00:00Z`, id2: id },
    })),
  );

async function deliver(
  name: string,
  mode: "full" | "incremental" | "differential",
  bucket = "rig",
): Promise<StoredTask> {
  const table = name.replaceAll("-", "_");
  await createTable(rig, table);
  if (mode !== "incremental") await write(rig, table, rowsOf("base-", 5));
  const task = await rig.createTask({
    ...{ name, table, mode, destinationId: bucket, prefix: `${name}/day=$yyyy-$MM-$dd` },
    ...byDay,
  });
  if (mode === "incremental") await write(rig, table, rowsOf("row-", 5));
  await waitForRecords(rig, task, 30, patienceMs);
  return task;
}

const configOf = (bucket: string) => ({ ...rig.storeConfig, bucket });

async function idsIn(task: StoredTask): Promise<string[]> {
  const store = createS3ObjectStore(configOf(task.settings.destinationId));
  const statement = "SELECT id FROM read_parquet({files}, union_by_name = true)";
  const rows = await queryDataset(store, `${task.settings.name}/`, statement);
  store.close();
  return rows.map(({ id }) => String(id)).sort();
}

const idsOf = (changes: readonly Change[]) => changes.map(({ id }) => id).sort();

const rowsIn = (objects: readonly LedgerObject[]) =>
  objects.reduce((sum, { rows }) => sum + Number(rows), 0);

describe.concurrent("verify", () => {
  it("names what is missing, altered, foreign and doubled; redelivery brings back exactly the missing rows; then all is clean", async () => {
    const task = await deliver("tampered", "incremental");
    const objects = await listObjects(rig.database, task);
    const [deleted, changed, truncated, copied] = objects;
    if (!deleted || !changed || !truncated || !copied) throw new Error("There are six days");
    const untouched = await reportOf(rig.database, task, { deep: true });
    expect(untouched.counts).toMatchObject({
      ...{ listed: objects.length, whole: objects.length, wholeRows: 30, missing: 0, altered: 0 },
    });
    expect(untouched.findings).toEqual([]);
    const bucket = openRawBucket(rig.storeConfig);
    const body = (await rig.store.read(changed.key)) ?? new Uint8Array();
    const bent = Buffer.from(body);
    bent.writeUInt8(bent.readUInt8(20) ^ 1, 20);
    await bucket.delete(deleted.key);
    await bucket.put(changed.key, bent);
    await bucket.put(truncated.key, body.slice(0, 100));
    await bucket.put("tampered/not-ours.txt", "hello");
    const client = createS3Client(rig.storeConfig);
    await client.send(
      new CopyObjectCommand({
        Bucket: "rig",
        Key: "tampered/copy",
        CopySource: `rig/${copied.key}`,
      }),
    );
    client.destroy();

    const report = await reportOf(rig.database, task);
    expect(report.counts).toMatchObject({
      ...{ missing: 1, missingRows: rowsIn([deleted]), altered: 2, foreign: 1, overlapping: 1 },
      ...{ gap: 0, whole: objects.length - 3 },
    });
    expect(report.findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: "missing", key: deleted.key, lostBecause: null }),
        expect.objectContaining({ kind: "altered", key: truncated.key, differences: ["size"] }),
        expect.objectContaining({
          ...{ kind: "altered", key: changed.key, differences: ["checksum", "identity"] },
        }),
        { kind: "foreign", key: "tampered/not-ours.txt", bytes: 5 },
        { kind: "overlapping", key: "tampered/copy", of: copied.key },
      ]),
    );

    // What stands at a key is nobody's to overwrite: it is named until somebody takes it away.
    const first = await reportOf(rig.database, task, { redeliver: true });
    expect(first.redelivery).toMatchObject({
      ...{ objects: 1, rows: rowsIn([deleted]), fullScan: false, lost: [] },
    });
    expect(first.counts).toMatchObject({ missing: 0, altered: 2 });
    for (const key of [changed.key, truncated.key, "tampered/not-ours.txt", "tampered/copy"])
      await bucket.delete(key);
    bucket.close();
    const second = await reportOf(rig.database, task, { redeliver: true, deep: true });
    expect(second.redelivery).toMatchObject({
      ...{ objects: 2, rows: rowsIn([changed, truncated]), lostObjects: 0 },
    });
    expect(second.findings).toEqual([]);
    expect(await idsIn(task)).toEqual(idsOf(rowsOf("row-", 5)));
    expect(isClean(await reportOf(rig.database, task, { deep: true }))).toBe(true);
  });

  it("knows objects of other tasks and of earlier ones of the same name", async () => {
    const earlier = await deliver("again", "full");
    await rig.database.prisma.task.update({
      where: { id: earlier.id },
      data: { desiredState: "deleted" },
    });
    await waitUntil(
      "deleted",
      async () => !(await rig.database.prisma.task.findUnique({ where: { id: earlier.id } })),
    );
    const task = await rig.createTask({
      ...{ name: "again", table: "again", mode: "full", prefix: "again/day=$yyyy-$MM-$dd" },
      ...byDay,
    });
    await waitForRecords(rig, task, 30, patienceMs);
    const report = await reportOf(rig.database, task);
    expect(report.counts).toMatchObject({ listed: 12, whole: 6, others: 6, foreign: 0 });
    expect(isClean(report)).toBe(true);
  });

  it("says what the source no longer has, range by range, and doubles nothing", async () => {
    const task = await deliver("half-gone", "differential");
    await write(rig, "half_gone", rowsOf("more-", 2));
    await waitForRecords(rig, task, 42, patienceMs);
    const objects = await listObjects(rig.database, task);
    const bucket = openRawBucket(rig.storeConfig);
    const [base, stream] = (["base", "stream"] as const).map((kind) => {
      const found = objects.find(({ channel_kind }) => channel_kind === kind);
      if (!found) throw new Error(`No object of the ${kind}`);
      return found;
    });
    for (const key of [base!.key, stream!.key]) await bucket.delete(key);
    bucket.close();
    const report = await reportOf(rig.database, task, { redeliver: true });
    expect(report.redelivery).toMatchObject({
      ...{ objects: 1, rows: rowsIn([stream!]), fullScan: false },
      ...{ lostRanges: 1, lostObjects: 1, lostRows: 5 },
      lost: [{ because: "base_gone", fromBatch: 1, toBatch: 1, objects: 1, rows: 5 }],
    });
    expect(report.findings).toEqual([
      expect.objectContaining({ kind: "missing", key: base!.key, lostBecause: "base_gone" }),
    ]);
    const standing = await idsIn(task);
    expect(new Set(standing).size).toBe(standing.length);
    expect(standing).toHaveLength(37);

    await rig.client.call("DeleteTunnel", {
      ...{ tableName: "half_gone", tunnelName: task.tunnelName, tunnelId: task.tunnelId },
    });
    const again = openRawBucket(rig.storeConfig);
    await again.delete(stream!.key);
    again.close();
    const later = await reportOf(rig.database, task, { redeliver: true });
    expect(later.redelivery?.lost.map(({ because }) => because).sort()).toEqual([
      "base_gone",
      "tunnel_gone",
    ]);
  });

  it("ends with the documented code when the bucket cannot be looked at", async () => {
    await ensureBucket(configOf("no-look"));
    await rig.createDestination({ id: "no-look", bucket: "no-look" });
    const task = await deliver("no-look", "full", "no-look");
    await rig.database.prisma.destination.update({
      where: { id: "no-look" },
      data: { secret: rig.encrypt("not the secret") },
    });
    const run = await waitUntil("refused", async () => {
      const outcome = await verify(rig.database, task);
      return outcome.report ? null : outcome;
    });
    expect(run.error?.code).toBe("destination.credentials_invalid");
  });
});

describe.concurrent("a bucket that was gone and comes back", () => {
  it("D1: gets a stream again under its old keys and a full scan anew, by itself and once; and what goes on meanwhile", async () => {
    await ensureBucket(configOf("returned"));
    await rig.createDestination({ id: "returned", bucket: "returned" });
    const stream = await deliver("ret-stream", "incremental", "returned");
    const full = await deliver("ret-full", "full", "returned");
    const both = await deliver("ret-both", "differential", "returned");
    await write(rig, "ret_both", rowsOf("change-", 1));
    await waitForRecords(rig, both, 36, patienceMs);
    const changes = (await listObjects(rig.database, both)).filter(
      ({ channel_kind }) => channel_kind === "stream",
    );
    await write(rig, "ret_full", [{ id: "later", values: { at: "2026-01-06T00:00:00Z" } }]);
    const store = createS3ObjectStore(configOf("returned"));
    const before = await listKeys(store, "ret-stream/");
    const bucket = openRawBucket(configOf("returned"));
    for (const key of await listKeys(store, "")) await bucket.delete(key);
    await bucket.remove();
    await write(rig, "ret_stream", rowsOf("pending-", 1));
    await waitUntil("all are to be looked after", async () => {
      const runs = await rig.database.prisma.verifyRun.findMany({
        where: { reason: "bucket_missing", taskId: { in: [stream.id, full.id, both.id] } },
      });
      return runs.length === 3 ? runs : null;
    });
    await ensureBucket(configOf("returned"));
    await waitForRecords(rig, stream, 36, patienceMs);
    const runs = await waitUntil("verified", async () => {
      const found = await rig.database.prisma.verifyRun.findMany({
        where: { reason: "bucket_missing", taskId: { in: [stream.id, full.id, both.id] } },
      });
      return found.every(({ finishedAt }) => finishedAt !== null) ? found : null;
    });
    expect(runs.map(({ report }) => report)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          redelivery: expect.objectContaining({ objects: before.length, rows: 30, lostObjects: 0 }),
        }),
        expect.objectContaining({
          redelivery: expect.objectContaining({ fullScan: true, lostObjects: 0 }),
        }),
      ]),
    );
    expect(await idsIn(stream)).toEqual(idsOf([...rowsOf("row-", 5), ...rowsOf("pending-", 1)]));
    expect(await listKeys(store, "ret-stream/")).toEqual(expect.arrayContaining(before));
    const scanned = [...idsOf(rowsOf("base-", 5)), "later"].sort();
    await waitUntil("scanned again", async () => (await idsIn(full)).length === scanned.length);
    expect(await idsIn(full)).toEqual(scanned);
    // A full scan as the table is now, beside the changes that stand under their old keys.
    const now = [...idsOf(rowsOf("base-", 5)), ...idsOf(rowsOf("change-", 1))].sort();
    const everything = [...now, ...idsOf(rowsOf("change-", 1))].sort();
    await waitUntil("scanned beside", async () => (await idsIn(both)).length === everything.length);
    expect(await idsIn(both)).toEqual(everything);
    expect(await listKeys(store, "ret-both/")).toEqual(
      expect.arrayContaining(changes.map(({ key }) => key)),
    );
    await waitUntil("the rescan is cleared away", async () => {
      const rescans = await rig.database.prisma.rescan.count({
        where: { taskId: { in: [full.id, both.id] } },
      });
      return rescans === 0;
    });
    const tunnels = await rig.client.call("ListTunnel", { tableName: "ret_full" });
    expect(tunnels.tunnels.filter(({ tunnelName }) => tunnelName?.endsWith("-rescan"))).toEqual([]);
    for (const task of [stream, full, both]) {
      const report = await reportOf(rig.database, task, { deep: true });
      expect(report.findings).toEqual([]);
    }
    bucket.close();
    store.close();
  });

  it("brings back nothing when it is the same bucket: what somebody took out stays out until asked for", async () => {
    await ensureBucket(configOf("renamed"));
    await rig.createDestination({ id: "renamed", bucket: "renamed" });
    const task = await deliver("renamed", "incremental", "renamed");
    const bucket = openRawBucket(configOf("renamed"));
    const [taken, ...left] = await listObjects(rig.database, task);
    await bucket.delete(taken!.key);
    bucket.close();
    const name = (to: string) =>
      rig.database.prisma.destination.update({ where: { id: "renamed" }, data: { bucket: to } });
    // A name that is no bucket's, as when somebody mistypes it; nothing was delivered to it.
    await rig.database.prisma.$executeRaw`
      INSERT INTO verify_run (id, task_id, reason, deep, redeliver, asked_at)
      VALUES (gen_random_uuid(), ${task.id}::uuid, 'bucket_missing', false, true, clock_timestamp())`;
    await name("no-such-bucket");
    await name("renamed");
    const run = await waitUntil("verified", () =>
      rig.database.prisma.verifyRun.findFirst({
        where: { taskId: task.id, reason: "bucket_missing", finishedAt: { not: null } },
      }),
    );
    expect(run.report).toMatchObject({
      redelivery: null,
      counts: { missing: 1, whole: left.length },
    });
  });
});
