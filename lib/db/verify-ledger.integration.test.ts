import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { VerifyRun } from "@/lib/core/ports/verify-ledger";
import { createLedger } from "./ledger";
import { decidedBatch, decidedObject, seedTask, taskSettings } from "./testing/seed";
import { withDatabase } from "./testing/test-database";
import { createVerifyLedger } from "./verify-ledger";
import { askForVerifyRun } from "./verify-requests";

const given = withDatabase();
const bucket = "culvert-demo";
const location = "http://127.0.0.1:9000";
const workerId = "worker-1";
const parts = () => ({
  ledger: createLedger(given.database(), { host: "test" }),
  verifyLedger: createVerifyLedger(given.database()),
});

/** A task of one channel, with one published and acked batch of these objects. */
async function deliver(objects: readonly DecidedObject[], kind: "base" | "stream" = "stream") {
  const { ledger } = parts();
  await given.database().prisma.task.updateMany({ data: { desiredState: "paused" } });
  const task = await seedTask(given.database(), taskSettings());
  await ledger.renewWorker({ workerId, leaseMs: 600_000 });
  const position = { checkpoint: "position-0", sequenceNumber: 0n };
  await ledger.addChannels({ taskId: task.id, channels: [{ channelId: "c", kind, ...position }] });
  const [lease] = await ledger.claimChannels({ workerId, limit: 1 });
  if (!lease) throw new Error("There is a channel to claim");
  const batch = decidedBatch(1, { objects, finished: kind === "base" });
  await ledger.decide({ lease, batch, dirtySamples: [] });
  const objectIds = objects.map(({ objectId }) => objectId);
  await ledger.markPublished({ channelKey: lease.channelKey, batchNumber: 1, objectIds });
  const ack = { lease, batchNumber: 1, sequenceNumber: 1n, finished: kind === "base" };
  await ledger.markAcked(ack);
  return { task, lease, place: placeOf(task.id) };
}

/** As verifying and as redelivering have it. */
const placeOf = (taskId: string) =>
  ({ taskId, subject: { kind: "task", id: taskId }, bucket, location }) as const;

const objectAt = (key: string, object: Partial<DecidedObject> = {}) =>
  decidedObject({ key, stem: `${key}__`, partition: "v", ...object });

async function claim(taskId: string): Promise<VerifyRun> {
  const subject = { kind: "task", id: taskId } as const;
  await askForVerifyRun(given.database(), { subject, deep: false, redeliver: true });
  const run = await parts().verifyLedger.claimRun(workerId);
  if (run?.subject.id !== taskId) throw new Error("Another run is open");
  return run;
}

const upload = () => ({
  ...{ uploadId: "again", parts: [{ partNumber: 1, etag: '"again"' }] },
  ...{ bytes: 1_000, crc32: "0badcafe" },
});

describe("the ledger in the order of keys", () => {
  test("is that of their bytes whatever the collation, below a folder and nowhere else, page by page", async () => {
    const own = ["v1/B", "v1/a", "v1/a-b", "v1/a/b", "v1/é", "v1/\u{1F600}", "v1/\uFFFD"];
    const { place } = await deliver([...own, "v1-other/a", "v10", "v"].map((key) => objectAt(key)));
    const sorted = [...own].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const publishedBeforeMs = Date.now() + 60_000;
      const request = { folder: "v1/", after, limit: 2, publishedBeforeMs };
      const page = await parts().verifyLedger.listEntries(place, request);
      seen.push(...page.map(({ key }) => key));
      after = page.at(-1)?.key ?? null;
      if (page.length < 2) break;
    }
    expect(seen).toEqual(sorted);
  });

  test("says of each object how it ought to stand", async () => {
    const other = await deliver([objectAt("s/other")]);
    const { place, lease } = await deliver([objectAt("s/stands"), objectAt("s/replaced")]);
    const { ledger, verifyLedger } = parts();
    const batch = decidedBatch(2, { objects: [objectAt("s/pending")] });
    await ledger.decide({ lease, batch, dirtySamples: [] });
    await given.database().prisma.deliveredObject.updateMany({
      where: { key: "s/replaced" },
      data: { replacedAt: new Date() },
    });
    const standings = async (publishedBeforeMs: number) => {
      const request = { folder: "s/", after: null, limit: 10, publishedBeforeMs };
      const page = await verifyLedger.listEntries(place, request);
      return Object.fromEntries(page.map(({ key, standing }) => [key, standing]));
    };
    expect(await standings(await verifyLedger.now())).toEqual({
      ...{ "s/other": "other", "s/pending": "pending" },
      ...{ "s/replaced": "replaced", "s/stands": "expected" },
    });
    expect((await standings(0))["s/stands"]).toBe("pending");
    expect(other.place.taskId).not.toBe(place.taskId);
  });
});

describe("delivering again", () => {
  test("D1: decides a missing object once more, once, and only for the run that still holds", async () => {
    const object = objectAt("r/missing");
    const { task, place } = await deliver([object, objectAt("r/stands")]);
    const { verifyLedger } = parts();
    const run = await claim(task.id);
    const { objectId } = object;
    expect(await verifyLedger.reopenObject(run, { objectId, ...upload() }), "it stands").toBe(
      false,
    );
    await verifyLedger.markFound({ missing: [objectId], standing: [] });
    const channels = await verifyLedger.listChannels(task.id);
    const { channelKey } = channels[0]!;
    const batches = await verifyLedger.listMissingBatches(place, {
      ...{ channelKey, after: 0, limit: 10, sinceMs: 0 },
    });
    expect(batches.map(({ number, objects }) => [number, objects.map(({ key }) => key)])).toEqual([
      [1, ["r/missing"]],
    ]);
    const zombie = { ...run, epoch: run.epoch - 1 };
    expect(await verifyLedger.reopenObject(zombie, { objectId, ...upload() })).toBe(false);
    expect(await verifyLedger.reopenObject(run, { objectId, ...upload() })).toBe(true);
    const stored = () =>
      given.database().prisma.deliveredObject.findUniqueOrThrow({ where: { id: objectId } });
    expect(await stored()).toMatchObject({ publishedAt: null, uploadId: "again" });
    await verifyLedger.markFound({ missing: [], standing: [objectId] });
    expect(await stored()).toMatchObject({ missingSince: null, publishedAt: expect.any(Date) });
    await verifyLedger.failRun(run, { ...noError, attempt: 1 });
    expect(await verifyLedger.reopenObject(run, { objectId, ...upload() }), "over").toBe(false);
  });

  test("D1: a rescan begins only when nothing of the base data stands or is about to, and then nothing of it comes back", async () => {
    const [one, two] = [objectAt("b/one"), objectAt("b/two")];
    const { task, place } = await deliver([one, two], "base");
    const { verifyLedger } = parts();
    const run = await claim(task.id);
    const tunnel = { tunnelName: "again", tunnelId: randomUUID() };
    const start = () => verifyLedger.startRescan(run, place, tunnel);
    await verifyLedger.markFound({ missing: [one.objectId], standing: [] });
    await verifyLedger.markLost([one.objectId], "base_gone");
    expect(await verifyLedger.isBaseLost(place)).toBe(false);
    expect(await start(), "one object stands").toBe(false);
    await verifyLedger.markFound({ missing: [two.objectId], standing: [] });
    expect(await verifyLedger.isBaseLost(place), "one could be read again").toBe(false);
    await verifyLedger.markLost([two.objectId], "base_gone");
    expect(await verifyLedger.isBaseLost(place)).toBe(true);
    const { objectId } = two;
    expect(await verifyLedger.reopenObject(run, { objectId, ...upload() })).toBe(true);
    expect(await start(), "one is being delivered again").toBe(false);
    await given.database().prisma.deliveredObject.update({
      where: { id: objectId },
      data: { publishedAt: new Date() },
    });
    expect(await verifyLedger.startRescan({ ...run, epoch: 0 }, place, tunnel)).toBe(false);
    expect(await start()).toBe(true);
    expect(await verifyLedger.reopenObject(run, { objectId, ...upload() })).toBe(false);
    expect(await verifyLedger.isBaseLost(place), "there is no base data any more").toBe(false);
    await verifyLedger.failRun(run, { ...noError, attempt: 1 });
  });
});

const noError = { code: "internal.unexpected", details: {}, nextTryAt: null } as const;

describe("a bucket that is missing", () => {
  test("is remembered once for every task that has delivered into it", async () => {
    const one = await deliver([objectAt("m/one")]);
    const two = await deliver([objectAt("m/two")]);
    const idle = await seedTask(given.database());
    const { ledger, verifyLedger } = parts();
    const error = { code: "destination.bucket_missing", details: { bucket }, attempt: 1 } as const;
    const miss = () =>
      ledger.saveChannelError({ lease: two.lease, error: { ...error, nextTryAt: null } });
    const look = () => verifyLedger.askAfterBucketLoss(two.task.settings.destinationId);
    await Promise.all([miss(), look(), miss(), look(), look(), miss()]);
    await miss();
    const runs = await given.database().prisma.verifyRun.findMany({
      where: { taskId: { in: [one.task.id, two.task.id, idle.id] } },
    });
    expect(runs.map(({ taskId, reason }) => [taskId, reason]).sort()).toEqual(
      [one.task.id, two.task.id].map((id) => [id, "bucket_missing"]).sort(),
    );
  });
});
