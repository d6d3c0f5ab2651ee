import { createLedger } from "@/lib/db/ledger";
import { decidedBatch, decidedObject, seedTask } from "@/lib/db/testing/seed";
import { withOwnDatabase } from "./own-database";

export type DecideRate = {
  readonly channels: number;
  readonly decides: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** The protocol's one transaction, with one object each, by so many channels at once, on a database of its own. */
export async function measureDecides(
  channels: number,
  decidesPerChannel: number,
): Promise<DecideRate> {
  return withOwnDatabase(async ({ database }) => {
    const ledger = createLedger(database, { host: "bench" });
    const task = await seedTask(database, {});
    await ledger.addChannels({
      taskId: task.id,
      channels: Array.from({ length: channels }, (_, index) => ({
        ...{ channelId: `channel-${index}`, kind: "stream" as const },
        ...{ checkpoint: decidedBatch(1).startCheckpoint, sequenceNumber: 0n },
      })),
    });
    await ledger.renewWorker({ workerId: "bench", leaseMs: 3_600_000 });
    const leases = await ledger.claimChannels({ workerId: "bench", limit: channels });
    const tookMs: number[] = [];
    const began = performance.now();
    await Promise.all(
      leases.map(async (lease) => {
        for (let number = 1; number <= decidesPerChannel; number++) {
          const stem = `bench/task_${lease.lane}_bench__`;
          const objects = [decidedObject({ stem, partition: "bench", sequence: number })];
          const batch = decidedBatch(number, { objects });
          const asked = performance.now();
          const outcome = await ledger.decide({ lease, batch, dirtySamples: [] });
          if (outcome !== "decided") throw new Error(`Batch ${number} was ${outcome}`);
          tookMs.push(performance.now() - asked);
        }
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    tookMs.sort((one, other) => one - other);
    return {
      channels,
      decides: tookMs.length,
      perSecond: tookMs.length / seconds,
      p50Ms: tookMs[tookMs.length >> 1] ?? 0,
      p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? 0,
    };
  });
}
