import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ChannelLease, ClaimedChannel, Ledger } from "@/lib/core/ports/ledger";
import type { DesiredState } from "@/lib/core/task";
import { decidedBatch, decidedObject } from "./seed";

/** A ledger that holds one task and nothing else, with what only people and time do to it. */
export type LeasesUnderTest = {
  readonly ledger: Ledger;
  readonly taskId: string;
  /** The worker's lease runs out now. */
  endLease(workerId: string): Promise<void>;
  setDesiredState(state: DesiredState): Promise<void>;
};

const leaseMs = 600_000;
const all = { limit: 10 };

/** What workers share by, of the ledger in PostgreSQL and of the simulated one alike. */
export function describeLeaseContract(name: string, open: () => Promise<LeasesUnderTest>): void {
  async function start(channels: number) {
    const given = await open();
    const { ledger, taskId } = given;
    const position = { kind: "stream" as const, checkpoint: "position-0", sequenceNumber: 0n };
    const ids = Array.from({ length: channels }, (_, index) => `channel-${index}`);
    await ledger.addChannels({
      taskId,
      channels: ids.map((channelId) => ({ channelId, ...position })),
    });
    const worker = async () => {
      const workerId = `worker-${randomUUID()}`;
      expect(await ledger.renewWorker({ workerId, leaseMs })).toBe(true);
      return workerId;
    };
    const claim = (workerId: string, limit = 10) => ledger.claimChannels({ workerId, limit });
    const claimOne = async (workerId: string): Promise<ClaimedChannel> => {
      const [lease] = await claim(workerId, 1);
      if (!lease) throw new Error("There is a channel to claim");
      return lease;
    };
    return { ...given, worker, claim, claimOne };
  }

  describe(`${name} keeps the contract of leases:`, () => {
    test("a lease that ran out is told once, and everything that was held is free", async () => {
      const { ledger, taskId, worker, claim, endLease } = await start(2);
      const [one, other] = [await worker(), await worker()];
      const [held] = await claim(one);
      await ledger.holdTasks({ workerId: one, ...all });
      expect(await claim(other)).toEqual([]);
      await endLease(one);
      expect(await ledger.renewWorker({ workerId: one, leaseMs })).toBe(false);
      expect(await ledger.renewWorker({ workerId: one, leaseMs })).toBe(true);
      const lease = held as ChannelLease;
      expect(await ledger.decide({ lease, batch: decidedBatch(1), dirtySamples: [] })).toBe(
        "fenced",
      );
      const client = { taskId, clientId: "c", replaces: null };
      expect(await ledger.saveTunnelClient({ workerId: one, ...client })).toBe(false);
      expect((await claim(other)).map(({ epoch }) => epoch)).toEqual([2, 2]);
    });

    test("a channel has one owner, and another only when that one is dead or has given it back", async () => {
      const { ledger, worker, claim, endLease } = await start(3);
      const [one, other] = [await worker(), await worker()];
      expect((await claim(one, 2)).map(({ lane }) => lane)).toEqual([0, 1]);
      const [rest] = await claim(other);
      expect(rest).toMatchObject({ lane: 2, epoch: 1, checkpoint: "position-0", batchNumber: 0 });
      await ledger.releaseChannel(rest as ChannelLease);
      expect(await claim(one)).toHaveLength(1);
      await ledger.releaseChannel(rest as ChannelLease);
      expect(await claim(other)).toEqual([]);
      await endLease(one);
      expect(await claim(one)).toEqual([]);
      expect((await claim(other)).map(({ epoch }) => epoch)).toEqual([2, 2, 3]);
    });

    test("a claim says whether an earlier owner left an error that people see", async () => {
      const { ledger, worker, claimOne } = await start(1);
      const error = {
        code: "source.unavailable",
        details: {},
        attempt: 3,
        nextTryAt: null,
      } as const;
      const workerId = await worker();
      const first = await claimOne(workerId);
      await ledger.saveChannelError({ lease: first, error });
      await ledger.releaseChannel(first);
      const second = await claimOne(workerId);
      await ledger.saveChannelError({ lease: second, error: null });
      await ledger.releaseChannel(second);
      const third = await claimOne(workerId);
      const shown = [first, second, third].map(({ showsError }) => showsError);
      expect(shown).toEqual([false, true, false]);
    });

    test("what a worker does not run it gives back, and keeps what it names", async () => {
      const { ledger, worker, claim } = await start(3);
      const [one, other] = [await worker(), await worker()];
      const claimed = await claim(one);
      const [kept] = claimed;
      await ledger.releaseAllBut({ workerId: one, channelKeys: [kept?.channelKey ?? ""] });
      expect((await claim(other)).map(({ lane }) => lane)).toEqual([1, 2]);
      await ledger.releaseAllBut({ workerId: one, channelKeys: [] });
      expect((await claim(other)).map(({ lane }) => lane)).toEqual([0]);
    });

    test("channels are shared evenly over live workers, rounded up", async () => {
      const { ledger, worker, endLease, setDesiredState } = await start(5);
      const [one, other] = [await worker(), await worker()];
      expect((await ledger.fairShare(one)).channels).toBe(3);
      await endLease(other);
      expect((await ledger.fairShare(one)).channels).toBe(5);
      await setDesiredState("paused");
      expect((await ledger.fairShare(one)).channels).toBe(0);
    });

    test("nothing of a paused task is claimed, and no drained channel again", async () => {
      const { ledger, worker, claim, setDesiredState, claimOne } = await start(1);
      const workerId = await worker();
      await setDesiredState("paused");
      expect(await claim(workerId)).toEqual([]);
      await setDesiredState("running");
      const lease = await claimOne(workerId);
      const last = decidedBatch(1, { finished: true, sealedBy: "finished" });
      await ledger.decide({ lease, batch: last, dirtySamples: [] });
      await ledger.markAcked({ lease, batchNumber: 1, sequenceNumber: 1n, finished: true });
      await ledger.releaseChannel(lease);
      expect(await claim(workerId)).toEqual([]);
    });

    test("one live worker holds a task, whose client is replaced by whoever knows which it is", async () => {
      const { ledger, taskId, worker, endLease } = await start(0);
      const [one, other] = [await worker(), await worker()];
      const hold = async (workerId: string) =>
        (await ledger.holdTasks({ workerId, ...all })).map(({ id }) => id);
      expect(await hold(one)).toEqual([taskId]);
      expect(await hold(other)).toEqual([]);
      const save = (workerId: string, clientId: string, replaces: string | null) =>
        ledger.saveTunnelClient({ workerId, taskId, clientId, replaces });
      expect(await save(other, "b", null)).toBe(false);
      expect(await save(one, "a", null)).toBe(true);
      expect(await save(one, "b", null)).toBe(false);
      await endLease(one);
      expect(await hold(other)).toEqual([taskId]);
      expect(await save(other, "b", "a")).toBe(true);
      expect((await ledger.getTasks([taskId]))[0]?.tunnelClientId).toBe("b");
    });

    test("a drained channel is an unreported end until the tunnel has heard of it", async () => {
      const { ledger, taskId, worker, claimOne } = await start(1);
      const lease = await claimOne(await worker());
      const last = decidedBatch(1, { finished: true, sealedBy: "finished" });
      await ledger.decide({ lease, batch: last, dirtySamples: [] });
      const hasEnd = async () => (await ledger.getTasks([taskId]))[0]?.hasUnreportedEnd;
      expect(await hasEnd()).toBe(false);
      await ledger.markAcked({ lease, batchNumber: 1, sequenceNumber: 1n, finished: true });
      expect(await hasEnd()).toBe(true);
      const report = { channelId: "channel-0", status: "terminated" as const, version: 3n };
      await ledger.saveChannelReports({ taskId, reports: [report] });
      expect(await hasEnd()).toBe(false);
      expect(await ledger.listTaskChannels(taskId)).toMatchObject([{ report, drained: true }]);
    });

    test("an error is stored by the owner alone, and a zombie is told so", async () => {
      const { ledger, worker, claim, endLease, claimOne } = await start(1);
      const one = await worker();
      const lease = await claimOne(one);
      expect(await ledger.saveChannelError({ lease, error: null })).toBe("saved");
      await endLease(one);
      await claim(await worker());
      expect(await ledger.saveChannelError({ lease, error: null })).toBe("fenced");
    });

    test("the janitor gets what no live worker stages and no unpublished object names, upload by upload", async () => {
      const { ledger, worker, endLease, claimOne } = await start(1);
      const workerId = await worker();
      const lease = await claimOne(workerId);
      const object = decidedObject({ uploadId: "second", stem: `stem-${randomUUID()}` });
      const log = async (objectId: string, uploadId: string) => {
        const place = {
          channelKey: lease.channelKey,
          destinationId: "embedded",
          bucket: "b",
          key: "k",
        };
        await ledger.logUpload({ objectId, workerId, ...place });
        await ledger.logUploadId({ objectId, uploadId });
      };
      await log(object.objectId, "first");
      await log(object.objectId, "second");
      await log(randomUUID(), "third");
      const batch = decidedBatch(1, { objects: [object] });
      await ledger.decide({ lease, batch, dirtySamples: [] });
      const abandoned = async () =>
        (await ledger.listAbandonedUploads({ olderThanMs: -1_000, limit: 10 })).map(
          (o) => o.uploadId,
        );
      expect(await abandoned()).toEqual([]);
      await endLease(workerId);
      expect(await abandoned()).toEqual(["third"]);
      const { channelKey } = lease;
      await ledger.markPublished({ channelKey, batchNumber: 1, objectIds: [object.objectId] });
      expect(await abandoned()).toEqual(["first", "third"]);
      await ledger.forgetUpload({ objectId: object.objectId, workerId, uploadId: "second" });
      expect(await abandoned()).toEqual(["first", "third"]);
      await ledger.forgetUpload({ objectId: object.objectId, workerId, uploadId: "first" });
      expect(await abandoned()).toEqual(["third"]);
    });

    test("a deleted task is forgotten by its holder once nobody alive owns a channel of it", async () => {
      const { ledger, taskId, worker, setDesiredState, claimOne } = await start(1);
      const workerId = await worker();
      await ledger.holdTasks({ workerId, ...all });
      const lease = await claimOne(workerId);
      expect(await ledger.forgetTask({ workerId, taskId })).toBe(false);
      await setDesiredState("deleted");
      expect(await ledger.forgetTask({ workerId, taskId })).toBe(false);
      await ledger.releaseChannel(lease);
      expect(await ledger.claimChannels({ workerId, ...all })).toEqual([]);
      expect(await ledger.forgetTask({ workerId: await worker(), taskId })).toBe(false);
      expect(await ledger.forgetTask({ workerId, taskId })).toBe(true);
      expect(await ledger.getTasks([taskId])).toEqual([]);
      expect(await ledger.decide({ lease, batch: decidedBatch(1), dirtySamples: [] })).toBe(
        "fenced",
      );
    });
  });
}
