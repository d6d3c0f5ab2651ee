import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import type { Ledger } from "@/lib/core/ports/ledger";
import { listChannels } from "./channels";
import { createLedger } from "./ledger";
import { setDesiredState } from "./tasks";
import { decidedBatch, seedTask } from "./testing/seed";
import { withDatabase } from "./testing/test-database";
import { listWorkers } from "./workers";

const given = withDatabase();
const longLeaseMs = 600_000;

let ledger: Ledger;
beforeEach(async () => {
  ledger = createLedger(given.database(), { host: "test" });
  await given.database().prisma.$executeRaw`DELETE FROM task`;
  await given.database().prisma.$executeRaw`DELETE FROM worker`;
});

async function startWorker(leaseMs = longLeaseMs): Promise<string> {
  const workerId = `worker-${randomUUID()}`;
  await ledger.renewWorker({ workerId, leaseMs });
  return workerId;
}

/** Ends a worker's lease as time would, without waiting for it. */
async function endLease(workerId: string): Promise<void> {
  await given.database().prisma
    .$executeRaw`UPDATE worker SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${workerId}`;
}

async function seedChannels(count: number): Promise<string> {
  const task = await seedTask(given.database());
  await ledger.addChannels({
    taskId: task.id,
    channels: Array.from({ length: count }, (_, index) => ({
      channelId: `channel-${index}`,
      kind: "stream" as const,
      checkpoint: "position-0",
      sequenceNumber: 0n,
    })),
  });
  return task.id;
}

describe("a worker's lease", () => {
  test("is prolonged as long as it has not run out", async () => {
    const workerId = await startWorker();
    expect(await ledger.renewWorker({ workerId, leaseMs: longLeaseMs })).toBe(true);
  });

  test("that ran out is told once, everything held is free again, and the worker is registered anew", async () => {
    const taskId = await seedChannels(2);
    const workerId = await startWorker();
    const claimed = await ledger.claimChannels({ workerId, limit: 10 });
    await ledger.holdTasks({ workerId, limit: 10 });
    await endLease(workerId);

    expect(await ledger.renewWorker({ workerId, leaseMs: longLeaseMs })).toBe(false);
    expect(await ledger.renewWorker({ workerId, leaseMs: longLeaseMs })).toBe(true);

    const { items } = await listChannels(given.database(), taskId, { limit: 10 });
    expect(items.map((channel) => channel.owner)).toEqual([null, null]);
    const client = { taskId, clientId: "c", replaces: null };
    expect(await ledger.saveTunnelClient({ workerId, ...client })).toBe(false);
    expect(
      await ledger.decide({
        lease: claimed[0]!,
        batch: decidedBatch(1),
        dirtySamples: [],
      }),
    ).toBe("fenced");
  });

  test("lives on the database's clock, so a worker is seen dead once it has ended", async () => {
    const [alive, dead] = [await startWorker(), await startWorker()];
    await endLease(dead);
    const workers = await listWorkers(given.database(), { limit: 10 });
    expect(workers.map(({ id, alive, host }) => ({ id, alive, host }))).toEqual([
      { id: alive, alive: true, host: "test" },
      { id: dead, alive: false, host: "test" },
    ]);
  });
});

describe("claiming channels", () => {
  test("D6: claims of many workers at once never overlap, and together take everything", async () => {
    await seedChannels(60);
    const workers = await Promise.all(Array.from({ length: 10 }, () => startWorker()));
    const claims = await Promise.all(
      workers.flatMap((workerId) =>
        [0, 1, 2].map(() => ledger.claimChannels({ workerId, limit: 3 })),
      ),
    );
    let keys = claims.flat().map((channel) => channel.channelKey);
    expect(new Set(keys).size).toBe(keys.length);
    keys = keys.concat(
      (await ledger.claimChannels({ workerId: workers[0]!, limit: 100 })).map((c) => c.channelKey),
    );
    expect(new Set(keys).size).toBe(60);
    expect(keys).toHaveLength(60);
  });

  test("a dead worker's channels are taken over with the next epoch and from the last decided position", async () => {
    await seedChannels(1);
    const [first, second] = [await startWorker(), await startWorker()];
    const [before] = await ledger.claimChannels({ workerId: first, limit: 10 });
    await ledger.decide({
      lease: before!,
      batch: decidedBatch(1),
      dirtySamples: [],
    });
    expect(await ledger.claimChannels({ workerId: second, limit: 10 })).toEqual([]);

    await endLease(first);
    const [after] = await ledger.claimChannels({ workerId: second, limit: 10 });
    expect(after).toMatchObject({
      channelKey: before!.channelKey,
      workerId: second,
      epoch: before!.epoch + 1,
      checkpoint: "position-1",
      batchNumber: 1,
      ackedBatchNumber: 0,
    });
  });

  test("a worker without a live lease claims nothing and holds nothing", async () => {
    await seedChannels(1);
    const workerId = await startWorker();
    await endLease(workerId);
    expect(await ledger.claimChannels({ workerId, limit: 10 })).toEqual([]);
    expect(await ledger.claimChannels({ workerId: "never registered", limit: 10 })).toEqual([]);
    expect(await ledger.holdTasks({ workerId, limit: 10 })).toEqual([]);
  });

  test("channels of a paused or deleted task are not claimed", async () => {
    const taskId = await seedChannels(1);
    const workerId = await startWorker();
    await setDesiredState(given.database(), taskId, "paused");
    expect(await ledger.claimChannels({ workerId, limit: 10 })).toEqual([]);
    await setDesiredState(given.database(), taskId, "running");
    expect(await ledger.claimChannels({ workerId, limit: 10 })).toHaveLength(1);
  });

  test("a drained channel is claimed by nobody again", async () => {
    await seedChannels(1);
    const workerId = await startWorker();
    const [lease] = await ledger.claimChannels({ workerId, limit: 10 });
    await ledger.decide({
      lease: lease!,
      batch: decidedBatch(1, { finished: true, sealedBy: "finished" }),
      dirtySamples: [],
    });
    expect(
      await ledger.markAcked({ lease: lease!, batchNumber: 1, sequenceNumber: 1n, finished: true }),
    ).toBe("acked");
    await ledger.releaseChannel(lease!);
    expect(await ledger.claimChannels({ workerId, limit: 10 })).toEqual([]);
  });

  test("a released channel is free at once; a stale lease releases nothing", async () => {
    await seedChannels(1);
    const [first, second] = [await startWorker(), await startWorker()];
    const [stale] = await ledger.claimChannels({ workerId: first, limit: 10 });
    await ledger.releaseChannel(stale!);
    const [current] = await ledger.claimChannels({ workerId: second, limit: 10 });
    await ledger.releaseChannel(stale!);
    expect(await ledger.claimChannels({ workerId: first, limit: 10 })).toEqual([]);
    expect(current!.workerId).toBe(second);
  });

  test("the fair share is what evens the load over live workers, rounded up", async () => {
    await seedChannels(7);
    const [a, b, dead] = [await startWorker(), await startWorker(), await startWorker()];
    await endLease(dead);
    await ledger.claimChannels({ workerId: a, limit: 5 });
    expect(await ledger.fairShare(b)).toEqual({ channels: 4, workers: 2 });
  });

  test("claiming while a channel's row is locked skips it and does not wait", async () => {
    await seedChannels(2);
    const workerId = await startWorker();
    await given.database().transact(async (other) => {
      await other.$queryRaw`SELECT FROM channel WHERE lane = 0 FOR UPDATE`;
      const claimed = await ledger.claimChannels({ workerId, limit: 10 });
      expect(claimed.map((channel) => channel.lane)).toEqual([1]);
    });
  });
});

describe("a task's client at its tunnel", () => {
  test("is replaced only by whoever knows which one it is, so that a task never has two", async () => {
    const { id: taskId } = await seedTask(given.database());
    const workerId = await startWorker();
    await ledger.holdTasks({ workerId, limit: 10 });
    const save = (clientId: string, replaces: string | null) =>
      ledger.saveTunnelClient({ workerId, taskId, clientId, replaces });
    expect(await save("first", null)).toBe(true);
    expect(await save("second", null)).toBe(false);
    expect((await ledger.getTasks([taskId]))[0]?.tunnelClientId).toBe("first");
    expect(await save("second", "first")).toBe(true);
    expect((await ledger.getTasks([taskId]))[0]?.tunnelClientId).toBe("second");
  });
});

describe("a task's channels", () => {
  test("get lanes in the order of first sight, without holes, also from two heartbeats at once", async () => {
    const task = await seedTask(given.database());
    const add = (...ids: string[]) =>
      ledger.addChannels({
        taskId: task.id,
        channels: ids.map((channelId) => ({
          channelId,
          kind: "stream",
          checkpoint: "start",
          sequenceNumber: 7n,
        })),
      });
    await add("b", "a");
    await Promise.all([add("b", "c", "d"), add("a", "d", "e"), add("e", "f")]);
    const { items } = await listChannels(given.database(), task.id, { limit: 100 });
    expect(items.slice(0, 2).map((channel) => channel.channelId)).toEqual(["b", "a"]);
    expect(items.map((channel) => channel.lane)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(items.map((channel) => channel.channelId)).size).toBe(6);
  });

  test("keep what the heartbeat said of them, and are drained only after the last ack", async () => {
    const taskId = await seedChannels(1);
    await ledger.saveChannelReports({
      taskId,
      reports: [{ channelId: "channel-0", status: "closing", version: 9n }],
    });
    expect(await ledger.listTaskChannels(taskId)).toEqual([
      {
        channelId: "channel-0",
        kind: "stream",
        report: { channelId: "channel-0", status: "closing", version: 9n },
        drained: false,
      },
    ]);
  });

  test("are delivered as far as the tunnel calls them consumed, and that only grows", async () => {
    const taskId = await seedChannels(2);
    const consume = (consumedThroughMs: number) =>
      ledger.saveConsumedThrough({
        taskId,
        channels: [{ channelId: "channel-1", consumedThroughMs }],
      });
    const through = async () => {
      const { items } = await listChannels(given.database(), taskId, { limit: 10 });
      return items.map((channel) => channel.deliveredThrough?.getTime() ?? null);
    };
    await consume(1_760_000_000_123);
    expect(await through()).toEqual([null, 1_760_000_000_123]);
    await consume(1_760_000_000_000);
    expect(await through()).toEqual([null, 1_760_000_000_123]);
    await consume(1_760_000_009_999);
    expect(await through()).toEqual([null, 1_760_000_009_999]);
  });
});
