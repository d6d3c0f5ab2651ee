import { randomUUID } from "node:crypto";
import pg from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import type { AppError } from "@/lib/core/error";
import type { ChannelLease, ClaimedChannel, DecidedBatch, Ledger } from "@/lib/core/ports/ledger";
import type { DirtyValue } from "@/lib/core/record";
import { listChannels } from "./channels";
import { sumDeliveredObjects } from "./delivered-objects";
import { dirtySamplesPerTaskMax, listDirtySamples } from "./dirty-samples";
import { createLedger } from "./ledger";
import { setDesiredState } from "./tasks";
import { decidedBatch, decidedObject, recordCounts, seedTask } from "./testing/seed";
import { withDatabase } from "./testing/test-database";

const given = withDatabase();
const bucket = "culvert-demo";

let ledger: Ledger;
beforeEach(async () => {
  ledger = createLedger(given.database(), { host: "test" });
  const { prisma } = given.database();
  await prisma.$executeRaw`DELETE FROM task`;
  await prisma.$executeRaw`DELETE FROM worker`;
  await prisma.$executeRaw`DELETE FROM delivered_object`;
  await prisma.$executeRaw`DELETE FROM upload`;
});

async function startWorker(): Promise<string> {
  const workerId = `worker-${randomUUID()}`;
  await ledger.renewWorker({ workerId, leaseMs: 600_000 });
  return workerId;
}

async function endLease(workerId: string): Promise<void> {
  await given.database().prisma
    .$executeRaw`UPDATE worker SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${workerId}`;
}

async function claimNewTask(channels = 1, name?: string): Promise<ClaimedChannel[]> {
  const task = await seedTask(given.database(), name ? { name } : {});
  await ledger.addChannels({
    taskId: task.id,
    channels: Array.from({ length: channels }, (_, index) => ({
      channelId: `channel-${index}`,
      kind: "stream" as const,
      checkpoint: "position-0",
      sequenceNumber: 0n,
    })),
  });
  return ledger.claimChannels({ workerId: await startWorker(), limit: channels });
}

async function claimOne(): Promise<ClaimedChannel> {
  const [claimed] = await claimNewTask();
  return claimed!;
}

const decide = (lease: ChannelLease, batch: DecidedBatch, dirtySamples: DirtyValue[] = []) =>
  ledger.decide({ lease, batch, dirtySamples });

async function channelOf(claimed: ClaimedChannel) {
  const { items } = await listChannels(given.database(), claimed.taskId, { limit: 500 });
  return items.find((channel) => channel.channelId === claimed.channelId)!;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing thrown",
    (error: AppError) => error.code,
  );

describe("decide", () => {
  test("moves the channel and writes the account and the objects in one go", async () => {
    const lease = await claimOne();
    const batch = decidedBatch(1, {
      counts: recordCounts({
        rows: 20,
        deletesIgnored: 3,
        dirtyRecords: 2,
        dirtyValues: 5,
        unmappedValues: 7,
        lastWrittenAtMs: 1_760_000_000_123,
      }),
      objects: [
        decidedObject({ rows: 12, bytes: 100 }),
        decidedObject({ rows: 8, bytes: 50, sequence: 2 }),
        decidedObject({ kind: "dirty", stem: "_dirty/orders/0__", rows: 2, bytes: 7 }),
      ],
    });
    expect(await decide(lease, batch)).toBe("decided");
    expect(await channelOf(lease)).toMatchObject({
      checkpoint: "position-1",
      batchNumber: 1,
      records: 25,
      rows: 20,
      deletesIgnored: 3,
      dirtyRecords: 2,
      dirtyValues: 5,
      unmappedValues: 7,
      objects: 2,
      bytes: 150,
      dirtyObjects: 1,
      dirtyBytes: 7,
      deliveredThrough: null,
    });
    const [unacked] = await ledger.listUnacked(lease);
    const byKey = (o: { key: string }, p: { key: string }) => (o.key < p.key ? -1 : 1);
    expect({ ...unacked!, objects: [...unacked!.objects].sort(byKey) }).toEqual({
      ...batch,
      objects: [...batch.objects].sort(byKey),
    });
  });

  test("D6: a zombie's decide is fenced, whatever its clock believes", async () => {
    const zombie = await claimOne();
    await endLease(zombie.workerId);
    const [owner] = await ledger.claimChannels({ workerId: await startWorker(), limit: 1 });
    expect(await decide(zombie, decidedBatch(1, { objects: [decidedObject()] }))).toBe("fenced");
    expect(await channelOf(zombie)).toMatchObject({
      batchNumber: 0,
      checkpoint: "position-0",
      objects: 0,
    });
    expect(await ledger.listUnacked(owner!)).toEqual([]);
  });

  test("a worker whose lease ran out unnoticed still decides, as long as nobody claimed: the epoch is the fence", async () => {
    const lease = await claimOne();
    await endLease(lease.workerId);
    expect(await decide(lease, decidedBatch(1))).toBe("decided");
  });

  test("D4: batch numbers have no holes and never go back", async () => {
    const lease = await claimOne();
    expect(await decide(lease, decidedBatch(2))).toBe("fenced");
    expect(await decide(lease, decidedBatch(1))).toBe("decided");
    expect(await decide(lease, decidedBatch(3))).toBe("fenced");
    expect(await decide(lease, decidedBatch(2))).toBe("decided");
    const rows = await given.database().prisma.batch.findMany({ orderBy: { number: "asc" } });
    expect(rows.map((row) => row.number)).toEqual([1n, 2n]);
  });

  test("a batch read from another position than the channel's is refused", async () => {
    const lease = await claimOne();
    expect(await decide(lease, decidedBatch(1, { startCheckpoint: "elsewhere" }))).toBe("fenced");
  });

  test("nothing is decided behind the channel's end", async () => {
    const lease = await claimOne();
    expect(await decide(lease, decidedBatch(1, { finished: true }))).toBe("decided");
    expect(await decide(lease, decidedBatch(2))).toBe("fenced");
  });

  test("asked again after its answer was lost says decided, for the same batch only", async () => {
    const lease = await claimOne();
    const batch = decidedBatch(1, { objects: [decidedObject()] });
    expect(await decide(lease, batch)).toBe("decided");
    expect(await decide(lease, batch)).toBe("decided");
    expect(await decide(lease, { ...batch, objects: [decidedObject({ sequence: 2 })] })).toBe(
      "fenced",
    );
    expect(await decide({ ...lease, epoch: lease.epoch + 1 }, batch)).toBe("fenced");
    expect((await channelOf(lease)).objects).toBe(1);
  });

  test("asked twice at once counts once", async () => {
    const lease = await claimOne();
    const batch = decidedBatch(1, { objects: [decidedObject()] });
    const answers = await Promise.all(Array.from({ length: 8 }, () => decide(lease, batch)));
    expect(new Set(answers)).toEqual(new Set(["decided"]));
    expect((await channelOf(lease)).objects).toBe(1);
  });

  test("D2: an account that does not balance is refused whole", async () => {
    const lease = await claimOne();
    const batch = decidedBatch(1, { counts: recordCounts({ rows: 3, records: 4 }) });
    expect(await codeOf(decide(lease, batch))).toBe("internal.invariant_broken");
    expect(await channelOf(lease)).toMatchObject({ batchNumber: 0, records: 0 });
  });

  test("D1: a key that the ledger knows is refused whole, also from another task", async () => {
    const [one, other] = [await claimOne(), await claimOne()];
    const key = { stem: "same/stem__", sequence: 1 };
    expect(await decide(one, decidedBatch(1, { objects: [decidedObject(key)] }))).toBe("decided");
    const again = decidedBatch(1, { objects: [decidedObject(key)] });
    expect(await codeOf(decide(other, again))).toBe("internal.invariant_broken");
    expect(await channelOf(other)).toMatchObject({ batchNumber: 0, objects: 0 });
    expect(
      await decide(
        other,
        decidedBatch(1, { objects: [decidedObject({ ...key, bucket: "another-bucket" })] }),
      ),
    ).toBe("decided");
  });

  test("locks its channel's row only: it goes on while every other row is held", async () => {
    const [lease, ...others] = await claimNewTask(3);
    const holder = new pg.Client({ connectionString: given.url() });
    await holder.connect();
    try {
      await holder.query("BEGIN");
      await holder.query("SELECT FROM channel WHERE id <> $1 FOR UPDATE", [lease!.channelKey]);
      for (const table of [
        "task",
        "task_facts",
        "worker",
        "source",
        "destination",
        "schema_version",
      ]) {
        await holder.query(`SELECT FROM ${table} FOR UPDATE`);
      }
      const batch = decidedBatch(1, {
        objects: [decidedObject()],
        counts: recordCounts({ rows: 10, dirtyValues: 1 }),
      });
      expect(await decide(lease!, batch, [dirtyValue("a")])).toBe("decided");
      await ledger.markPublished({
        channelKey: lease!.channelKey,
        batchNumber: 1,
        objectIds: [batch.objects[0]!.objectId],
      });
      expect(
        await ledger.markAcked({
          lease: lease!,
          batchNumber: 1,
          sequenceNumber: 1n,
          finished: false,
        }),
      ).toBe("acked");
    } finally {
      await holder.end();
    }
    expect(others).toHaveLength(2);
  });

  test("10 workers over 60 channels, with takeovers all the while: every batch once, no hole, the account adds up", {
    timeout: 120_000,
  }, async () => {
    const claimed = await claimNewTask(60);
    const taskId = claimed[0]!.taskId;
    await endLease(claimed[0]!.workerId);
    const decidedCount = new Map<string, number>();
    async function work(): Promise<void> {
      for (let round = 0; round < 6; round += 1) {
        const workerId = await startWorker();
        const leases = await ledger.claimChannels({ workerId, limit: 12 });
        // Half of the time the lease ends now, and everything after is a zombie's work.
        if (round % 2 === 1) await endLease(workerId);
        await Promise.all(
          leases.map(async (lease) => {
            const number = lease.batchNumber + 1;
            const object = decidedObject({ stem: `${lease.channelKey}__`, sequence: number });
            const outcome = await decide(lease, decidedBatch(number, { objects: [object] }));
            if (outcome !== "decided") return;
            decidedCount.set(lease.channelKey, (decidedCount.get(lease.channelKey) ?? 0) + 1);
            await ledger.markPublished({
              channelKey: lease.channelKey,
              batchNumber: number,
              objectIds: [object.objectId],
            });
          }),
        );
        await Promise.all(leases.map((lease) => ledger.releaseChannel(lease)));
      }
    }
    await Promise.all(Array.from({ length: 10 }, work));
    const { items } = await listChannels(given.database(), taskId, { limit: 500 });
    const total = items.reduce((sum, channel) => sum + channel.batchNumber, 0);
    expect(total).toBe([...decidedCount.values()].reduce((sum, count) => sum + count, 0));
    expect(total).toBeGreaterThan(100);
    expect(await given.database().prisma.batch.count()).toBe(total);
    expect(await sumDeliveredObjects(given.database(), taskId)).toMatchObject({
      objects: total,
      rows: total * 10,
      unpublished: 0,
    });
  });
});

function dirtyValue(value: string): DirtyValue {
  return {
    column: "c",
    reason: "type_mismatch",
    expected: "INT64",
    actual: "string",
    value,
    key: '{"id":1}',
    position: "1:2:3",
  };
}

describe("dirty samples", () => {
  test("keep the newest of a task, bounded, over all its channels", async () => {
    const [a, b] = await claimNewTask(2);
    for (let number = 1; number <= 3; number += 1) {
      for (const lease of [a!, b!]) {
        const values = Array.from({ length: 60 }, (_, index) =>
          dirtyValue(`${number}/${lease.lane}/${index}`),
        );
        await decide(
          lease,
          decidedBatch(number, { counts: recordCounts({ dirtyRecords: 60 }) }),
          values,
        );
      }
    }
    const { items, nextCursor } = await listDirtySamples(given.database(), a!.taskId, {
      limit: 500,
    });
    expect(nextCursor).toBeNull();
    expect(items).toHaveLength(dirtySamplesPerTaskMax);
    expect(items[0]).toMatchObject({ ...dirtyValue("3/1/59"), lane: 1, batchNumber: 3 });
    expect(items.at(-1)).toMatchObject({ value: "2/0/40" });
  });
});

describe("publish and ack", () => {
  test("a batch is published with its last object, and only the published prefix counts as delivered", async () => {
    const lease = await claimOne();
    const at = (seconds: number) => 1_760_000_000_000 + seconds * 1000;
    const objects = [1, 2, 3].map((sequence) => decidedObject({ sequence }));
    await decide(
      lease,
      decidedBatch(1, {
        objects: objects.slice(0, 2),
        counts: recordCounts({ rows: 20, lastWrittenAtMs: at(1) }),
      }),
    );
    await decide(
      lease,
      decidedBatch(2, {
        objects: objects.slice(2),
        counts: recordCounts({ rows: 10, lastWrittenAtMs: at(2) }),
      }),
    );
    await decide(
      lease,
      decidedBatch(3, { counts: recordCounts({ deletesIgnored: 1, lastWrittenAtMs: at(3) }) }),
    );

    const publish = (batchNumber: number, ...published: { objectId: string }[]) =>
      ledger.markPublished({
        channelKey: lease.channelKey,
        batchNumber,
        objectIds: published.map((o) => o.objectId),
      });
    await publish(2, objects[2]!);
    expect(await channelOf(lease)).toMatchObject({ deliveredThrough: null });
    await publish(1, objects[0]!);
    expect(await channelOf(lease)).toMatchObject({ deliveredThrough: null });
    expect(
      (await ledger.listUnacked(lease)).map((batch) => batch.objects.map((o) => o.objectId)),
    ).toEqual([[objects[1]!.objectId], [], []]);
    await publish(1, objects[1]!, objects[0]!);
    const channel = await channelOf(lease);
    expect(channel.deliveredThrough?.getTime()).toBe(at(3));
    expect(channel.lastDeliveredAt).not.toBeNull();
  });

  test("a batch without rows is delivered at once when nothing before it is open", async () => {
    const lease = await claimOne();
    await decide(
      lease,
      decidedBatch(1, {
        counts: recordCounts({ deletesIgnored: 2, lastWrittenAtMs: 1_760_000_000_000 }),
      }),
    );
    const channel = await channelOf(lease);
    expect(channel.deliveredThrough?.getTime()).toBe(1_760_000_000_000);
    expect(channel.lastDeliveredAt).toBeNull();
  });

  test("marking published twice, or by a zombie, changes nothing more", async () => {
    const lease = await claimOne();
    const object = decidedObject();
    await decide(lease, decidedBatch(1, { objects: [object] }));
    const request = { channelKey: lease.channelKey, batchNumber: 1, objectIds: [object.objectId] };
    await ledger.markPublished(request);
    const before = await given.database().prisma.deliveredObject.findMany();
    await endLease(lease.workerId);
    await ledger.claimChannels({ workerId: await startWorker(), limit: 1 });
    await ledger.markPublished(request);
    expect(await given.database().prisma.deliveredObject.findMany()).toEqual(before);
  });

  test("D3: the tunnel's ack is not remembered for a batch that is not published", async () => {
    const lease = await claimOne();
    await decide(lease, decidedBatch(1, { objects: [decidedObject()] }));
    const ack = ledger.markAcked({ lease, batchNumber: 1, sequenceNumber: 1n, finished: false });
    expect(await codeOf(ack)).toBe("internal.invariant_broken");
    expect(await channelOf(lease)).toMatchObject({ ackedBatchNumber: 0 });
  });

  test("an ack is fenced, never goes back, and drains the channel only with its last batch", async () => {
    const lease = await claimOne();
    await decide(lease, decidedBatch(1));
    await decide(lease, decidedBatch(2, { finished: true }));
    const ack = (
      batchNumber: number,
      sequenceNumber: bigint,
      finished: boolean,
      by: ChannelLease = lease,
    ) => ledger.markAcked({ lease: by, batchNumber, sequenceNumber, finished });
    expect(await codeOf(ack(1, 1n, true))).toBe("internal.invariant_broken");
    expect(await ack(2, 2n, true, { ...lease, epoch: lease.epoch - 1 })).toBe("fenced");
    expect(await ack(2, 2n, true)).toBe("acked");
    expect(await ack(1, 1n, false)).toBe("acked");
    expect(await channelOf(lease)).toMatchObject({
      ackedBatchNumber: 2,
      drainedAt: expect.any(Date),
    });
    expect(await ledger.listUnacked(lease)).toEqual([]);
    expect((await ledger.listTaskChannels(lease.taskId))[0]).toMatchObject({ drained: true });
  });

  test("a vanished upload is replaced by the owner only, and only while unpublished; the totals follow", async () => {
    const lease = await claimOne();
    const object = decidedObject({ bytes: 1_000 });
    await decide(lease, decidedBatch(1, { objects: [object] }));
    const replace = (by: ChannelLease) =>
      ledger.replaceUpload({
        lease: by,
        objectId: object.objectId,
        replaces: object.uploadId,
        uploadId: "new",
        parts: [{ partNumber: 1, etag: "e" }],
        bytes: 900,
        crc32: "00000001",
      });
    expect(await replace({ ...lease, epoch: lease.epoch - 1 })).toBe("fenced");
    expect(await replace(lease)).toBe("replaced");
    expect((await ledger.listUnacked(lease))[0]!.objects[0]).toEqual({
      ...object,
      uploadId: "new",
      parts: [{ partNumber: 1, etag: "e" }],
      bytes: 900,
      crc32: "00000001",
    });
    expect(await channelOf(lease)).toMatchObject({ bytes: 900 });
    await ledger.markPublished({
      channelKey: lease.channelKey,
      batchNumber: 1,
      objectIds: [object.objectId],
    });
    expect(await replace(lease)).toBe("fenced");
  });
});

describe("the upload log", () => {
  const log = (objectId: string, channelKey: string) =>
    ledger.logUpload({
      objectId,
      channelKey,
      workerId: "w",
      destinationId: "embedded",
      bucket,
      key: "k",
    });
  const abandoned = async () =>
    (await ledger.listAbandonedUploads({ olderThanMs: 0, limit: 100 })).map(
      ({ objectId, uploadId }) => ({ objectId, uploadId }),
    );

  test("gives the janitor what no unpublished object names, also an upload whose id was never learnt", async () => {
    const lease = await claimOne();
    const [decided, forgotten, nameless] = [decidedObject(), randomUUID(), randomUUID()];
    for (const id of [decided.objectId, forgotten, nameless]) await log(id, lease.channelKey);
    await ledger.logUploadId({ objectId: decided.objectId, uploadId: decided.uploadId });
    await ledger.logUploadId({ objectId: forgotten, uploadId: "u" });
    await decide(lease, decidedBatch(1, { objects: [decided] }));

    expect(await ledger.listAbandonedUploads({ olderThanMs: 3_600_000, limit: 100 })).toEqual([]);
    expect(await abandoned()).toEqual([
      { objectId: forgotten, uploadId: "u" },
      { objectId: nameless, uploadId: null },
    ]);
    await ledger.forgetUpload({ objectId: forgotten, workerId: "w", uploadId: "u" });
    await ledger.forgetUpload({ objectId: nameless, workerId: "w", uploadId: null });
    expect(await abandoned()).toEqual([]);
  });

  test("keeps an object's other uploads when one of them is forgotten", async () => {
    const { channelKey } = await claimOne();
    const objectId = randomUUID();
    for (const uploadId of ["zombie's", "heir's"]) {
      await log(objectId, channelKey);
      await ledger.logUploadId({ objectId, uploadId });
    }
    await log(objectId, channelKey);
    await ledger.forgetUpload({ objectId, workerId: "w", uploadId: "heir's" });
    await ledger.forgetUpload({ objectId, workerId: "another", uploadId: null });
    expect(await abandoned()).toEqual([
      { objectId, uploadId: "zombie's" },
      { objectId, uploadId: null },
    ]);
  });

  test("forgets the upload that was published, and gives an older one of the same object to the janitor", async () => {
    const lease = await claimOne();
    const object = decidedObject({ uploadId: "second" });
    await log(object.objectId, lease.channelKey);
    await ledger.logUploadId({ objectId: object.objectId, uploadId: "first" });
    await log(object.objectId, lease.channelKey);
    await ledger.logUploadId({ objectId: object.objectId, uploadId: "second" });
    await decide(lease, decidedBatch(1, { objects: [object] }));
    expect(await abandoned()).toEqual([]);
    await ledger.markPublished({
      channelKey: lease.channelKey,
      batchNumber: 1,
      objectIds: [object.objectId],
    });
    expect(await abandoned()).toEqual([{ objectId: object.objectId, uploadId: "first" }]);
  });
});

describe("the ledger outlives its task", () => {
  async function forget(lease: ClaimedChannel): Promise<boolean> {
    await ledger.holdTasks({ workerId: lease.workerId, limit: 100 });
    return ledger.forgetTask({ workerId: lease.workerId, taskId: lease.taskId });
  }

  test("a dirty value that PostgreSQL cannot keep as it is does not stop the channel", async () => {
    const lease = await claimOne();
    const sample = {
      column: "n",
      reason: "type_mismatch",
      expected: "INT64",
      actual: "string",
      value: `zero \u0000 and half an emoji ${"😀".slice(0, 1)}`,
      key: "{}",
      position: null,
    } as const;
    expect(await decide(lease, decidedBatch(1), [sample])).toBe("decided");
    const { items } = await listDirtySamples(given.database(), lease.taskId, { limit: 1 });
    expect(items[0]?.value).toBe("zero \uFFFD and half an emoji \uFFFD");
  });

  test("a task is forgotten only when it is marked deleted, held by the asker, and no live worker owns a channel", async () => {
    const lease = await claimOne();
    expect(await forget(lease)).toBe(false);
    await setDesiredState(given.database(), lease.taskId, "deleted");
    expect(await forget(lease)).toBe(false);
    await ledger.releaseChannel(lease);
    expect(await ledger.forgetTask({ workerId: "somebody else", taskId: lease.taskId })).toBe(
      false,
    );
    expect(await forget(lease)).toBe(true);
    expect(await ledger.getTasks([lease.taskId])).toEqual([]);
    expect(await decide(lease, decidedBatch(1))).toBe("fenced");
  });

  test("sequences go on when a task is deleted and made again under its name", async () => {
    const stem = "orders/year=2026/again_0_orders_year=2026__";
    const [first] = await claimNewTask(1, "again");
    const object = decidedObject({ stem, sequence: 41 });
    await decide(first!, decidedBatch(1, { objects: [object] }));
    await setDesiredState(given.database(), first!.taskId, "deleted");
    await ledger.releaseChannel(first!);
    expect(await forget(first!)).toBe(true);

    const [second] = await claimNewTask(1, "again");
    expect(second!.taskId).not.toBe(first!.taskId);
    expect(await ledger.lastSequences({ bucket, stems: [stem, "unknown"] })).toEqual(
      new Map([[stem, 41]]),
    );
    expect(await ledger.lastSequences({ bucket: "elsewhere", stems: [stem] })).toEqual(new Map());
    expect(await ledger.lastSequences({ bucket, stems: [] })).toEqual(new Map());
    // The upload of the object that nobody will publish any more falls to the janitor.
    await ledger.logUpload({
      objectId: object.objectId,
      channelKey: first!.channelKey,
      workerId: "w",
      destinationId: "embedded",
      bucket,
      key: object.key,
    });
    expect(await ledger.listAbandonedUploads({ olderThanMs: 0, limit: 10 })).toHaveLength(1);
  });
});
