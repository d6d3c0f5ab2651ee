import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AppError } from "@/lib/core/error";
import { isClean } from "@/lib/core/verify-report";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { askForVerifyRun, getVerifyRun } from "@/lib/db/verify-requests";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { type Rig, startRig } from "../testing/delivery-rig";
import { startInProcessVerifier } from "../testing/in-process-verifier";
import { openRawBucket } from "../testing/raw-bucket";
import { listKeys } from "../testing/read-dataset";
import { createTable, ids, listObjects, waitForRecords, write } from "../testing/task-facts";
import { reportOf } from "../testing/verified";
import { waitUntil as waitUntilWithin } from "../testing/wait-until";

// Each waits for several flushes and verifications, on a machine that may be slow.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const patienceMs = 150_000;
const waitUntil = <T>(what: string, look: () => Promise<T | false | null | undefined>) =>
  waitUntilWithin(what, look, patienceMs);

const given = withDatabase();
let rig: Rig;
const tasks = new Map<string, StoredTask>();
const names = ["cut-off", "taken-over", "trimmed", "fewer", "partly", "idle"];

const eventTime = { column: "at", format: "RFC3339" } as const;
/** Two days, so that a task with a folder per day makes two objects of a batch. */
const valuesOf = (id: string) => ({ at: `2026-01-0${1 + (Number(id.slice(2)) % 2)}T12:00:00Z` });

/** Every task delivers, then the worker is gone: from here on only the verifiers of the tests run. */
beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  await ensureBucket({ ...rig.storeConfig, bucket: "idle" });
  await rig.createDestination({ id: "idle", bucket: "idle" });
  rig.startWorker();
  await Promise.all(
    names.map(async (name) => {
      const table = name.replaceAll("-", "_");
      await createTable(rig, table);
      const place = name === "idle" ? { destinationId: "idle" } : {};
      const byDay = name === "partly" ? { prefix: "partly/$dd", eventTime } : {};
      const task = await rig.createTask({ name, table, mode: "incremental", ...place, ...byDay });
      tasks.set(name, task);
      for (const round of [0, 1]) {
        const rows = ids(`${round}-`, 20).map((id) => ({ id, values: valuesOf(id) }));
        await write(rig, table, rows);
        await waitForRecords(rig, task, 20 * (round + 1), patienceMs);
      }
    }),
  );
  await rig.killWorkers();
});
afterAll(() => rig.close());

function taskOf(name: string): StoredTask {
  const task = tasks.get(name);
  if (!task) throw new Error(`${name} is delivered before all tests`);
  return task;
}

async function removeAll(task: StoredTask): Promise<string[]> {
  const keys = (await listObjects(rig.database, task)).map(({ key }) => key);
  const bucket = openRawBucket(rig.storeConfig);
  for (const key of keys) await bucket.delete(key);
  bucket.close();
  return keys.sort();
}

const readIds = async (task: StoredTask) =>
  (await rig.readRows(task.settings.name, "id")).map(({ id }) => String(id)).sort();
const allIds = [...ids("0-", 20), ...ids("1-", 20)].sort();

describe("delivering missing objects again", () => {
  it("D1: cut off between decide and complete, and after complete, it goes on; every row stands once", async () => {
    const task = taskOf("cut-off");
    const keys = await removeAll(task);
    let completions = 0;
    const verifier = await startInProcessVerifier(rig, {
      store: (real) => ({
        async completeUpload(request) {
          completions += 1;
          const away = () =>
            new AppError("destination.unavailable", "cut off", { details: { bucket: "rig" } });
          if (completions === 1) throw away();
          const outcome = await real.completeUpload(request);
          if (completions === 3) throw away();
          return outcome;
        },
      }),
    });
    const report = await reportOf(rig.database, task, { redeliver: true });
    await verifier.stop();
    expect(completions).toBeGreaterThan(3);
    expect(isClean(report)).toBe(true);
    expect((await rig.listKeys("cut-off/")).sort()).toEqual(keys);
    expect(await readIds(task)).toEqual(allIds);
    const open = await rig.database.prisma.deliveredObject.count({
      where: { taskId: task.id, OR: [{ publishedAt: null }, { missingSince: { not: null } }] },
    });
    expect(open).toBe(0);
  });

  it("D1: a worker that lost the run to another changes nothing any more, and both together bring every row once", async () => {
    const task = taskOf("taken-over");
    const keys = await removeAll(task);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isHolding = false;
    const slow = await startInProcessVerifier(rig, {
      store: (real) => ({
        async completeUpload(request) {
          isHolding = true;
          await held;
          return real.completeUpload(request);
        },
      }),
    });
    const subject = { kind: "task", id: task.id } as const;
    const id = await askForVerifyRun(rig.database, { subject, deep: false, redeliver: true });
    await waitUntil("the first holds a decided object", async () => isHolding);
    // Its lease ends: another worker begins the run anew.
    await rig.database.prisma.$executeRaw`
      UPDATE worker SET lease_until = clock_timestamp() - interval '1 second'
      WHERE id = (SELECT owner_worker FROM verify_run WHERE id = ${id}::uuid)`;
    const quick = await startInProcessVerifier(rig);
    const run = await waitUntil("the second is through", async () => {
      const facts = await getVerifyRun(rig.database, subject, id);
      return facts?.finishedAt ? facts : null;
    });
    release();
    await slow.stop();
    await quick.stop();
    expect(run.report && isClean(run.report)).toBe(true);
    expect((await rig.listKeys("taken-over/")).sort()).toEqual(keys);
    expect(await readIds(task)).toEqual(allIds);
  });

  it("names what the stream has trimmed, range by range, and brings back what came after", async () => {
    const task = taskOf("trimmed");
    await removeAll(task);
    const batches = await rig.database.prisma.batch.findMany({
      where: { channel: { taskId: task.id }, rows: { gt: 0 } },
    });
    const first = new Set(
      batches.filter(({ number }) => number === 1n).map(({ startCheckpoint }) => startCheckpoint),
    );
    expect(first.size).toBeGreaterThan(0);
    const trimmedRows = batches
      .filter(({ number }) => number === 1n)
      .reduce((sum, { rows }) => sum + Number(rows), 0);
    const verifier = await startInProcessVerifier(rig, {
      tunnel: (real) => ({
        readRecords(clientId, channelId, checkpoint) {
          if (first.has(checkpoint))
            throw new AppError("source.tunnel_expired", "trimmed", { details: {} });
          return real.readRecords(clientId, channelId, checkpoint);
        },
      }),
    });
    const report = await reportOf(rig.database, task, { redeliver: true });
    await verifier.stop();
    expect(report.redelivery).toMatchObject({ rows: 40 - trimmedRows, lostRows: trimmedRows });
    expect(report.redelivery?.lost).toEqual(
      report.redelivery?.lost.map((range) => ({
        ...range,
        ...{ because: "trimmed", fromBatch: 1, toBatch: 1 },
      })),
    );
    expect(report.redelivery?.lostRanges).toBe(first.size);
    expect(report.counts).toMatchObject({ missing: first.size, missingRows: trimmedRows });
    expect(await readIds(task)).toHaveLength(40 - trimmedRows);
  });

  it("D7: publishes nothing where the source gives other rows than were decided", async () => {
    const task = taskOf("fewer");
    await removeAll(task);
    const verifier = await startInProcessVerifier(rig, {
      tunnel: (real) => ({
        // Each batch is read from where the channel ends: there is nothing.
        async readRecords(clientId, channelId) {
          const channel = await rig.database.prisma.channel.findFirstOrThrow({
            where: { taskId: task.id, channelId },
          });
          return real.readRecords(clientId, channelId, channel.checkpoint);
        },
      }),
    });
    const report = await reportOf(rig.database, task, { redeliver: true });
    await verifier.stop();
    expect(report.redelivery).toMatchObject({ objects: 0, lostRows: 40 });
    expect(report.redelivery?.lost.every(({ because }) => because === "differs")).toBe(true);
    expect(await rig.listKeys("fewer/")).toEqual([]);
  });

  it("D7: brings back the objects of a batch that are as they were, and names the one that is not", async () => {
    const task = taskOf("partly");
    const objects = await listObjects(rig.database, task);
    await removeAll(task);
    const [changed] = objects;
    if (!changed) throw new Error("There are objects");
    // The ledger says that one of them had a row more than the source gives now.
    await rig.database.prisma.deliveredObject.updateMany({
      where: { key: changed.key },
      data: { rows: changed.rows + 1n },
    });
    const verifier = await startInProcessVerifier(rig);
    const report = await reportOf(rig.database, task, { redeliver: true });
    await verifier.stop();
    expect(report.redelivery).toMatchObject({ objects: objects.length - 1, lostObjects: 1 });
    expect(report.redelivery?.lost).toEqual([expect.objectContaining({ because: "differs" })]);
    const standing = objects.filter(({ key }) => key !== changed.key).map(({ key }) => key);
    expect((await rig.listKeys("partly/")).sort()).toEqual(standing.sort());
    expect(await readIds(task)).toHaveLength(40 - Number(changed.rows));
  });

  it("notices a bucket that goes and comes back while nothing is delivered into it", async () => {
    const task = taskOf("idle");
    const config = { ...rig.storeConfig, bucket: "idle" };
    const store = createS3ObjectStore(config);
    const before = await listKeys(store, "");
    const bucket = openRawBucket(config);
    for (const key of before) await bucket.delete(key);
    await bucket.remove();
    const verifier = await startInProcessVerifier(rig);
    const open = { taskId: task.id, reason: "bucket_missing" };
    await waitUntil("it is waited for", () =>
      rig.database.prisma.verifyRun.findFirst({ where: { ...open, errorCode: { not: null } } }),
    );
    await ensureBucket(config);
    await waitUntil("it is redelivered", () =>
      rig.database.prisma.verifyRun.findFirst({ where: { ...open, finishedAt: { not: null } } }),
    );
    await verifier.stop();
    expect(await listKeys(store, "")).toEqual(before);
    expect(await rig.database.prisma.verifyRun.count({ where: open })).toBe(1);
    bucket.close();
    store.close();
  });
});
