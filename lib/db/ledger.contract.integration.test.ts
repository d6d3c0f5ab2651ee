import { randomUUID } from "node:crypto";
import { createLedger } from "./ledger";
import { setDesiredState } from "./tasks";
import { describeLeaseContract } from "./testing/lease-contract";
import { describeLedgerContract } from "./testing/ledger-contract";
import { seedTask } from "./testing/seed";
import { withDatabase } from "./testing/test-database";

const given = withDatabase();

describeLedgerContract("PostgreSQL", () => {
  const ledger = createLedger(given.database(), { host: "test" });
  const claim = async () => {
    const workerId = `worker-${randomUUID()}`;
    await ledger.renewWorker({ workerId, leaseMs: 600_000 });
    const [claimed] = await ledger.claimChannels({ workerId, limit: 1 });
    if (!claimed) throw new Error("There is a channel to claim");
    return claimed;
  };
  return {
    ledger,
    async claimNew() {
      // The channels of earlier tests are nobody's business any more.
      await given.database().prisma.task.updateMany({ data: { desiredState: "paused" } });
      const task = await seedTask(given.database());
      const position = { checkpoint: "position-0", sequenceNumber: 0n };
      const channel = { channelId: "channel-0", kind: "stream" as const, ...position };
      await ledger.addChannels({ taskId: task.id, channels: [channel] });
      return claim();
    },
    async takeOver({ channelKey }) {
      await given.database().prisma.$executeRaw`
        UPDATE channel SET owner = NULL WHERE id = ${BigInt(channelKey)}`;
      return claim();
    },
  };
});

describeLeaseContract("PostgreSQL", async () => {
  const database = given.database();
  await database.prisma.$executeRaw`DELETE FROM task`;
  await database.prisma.$executeRaw`DELETE FROM worker`;
  await database.prisma.$executeRaw`DELETE FROM upload`;
  const { id: taskId } = await seedTask(database);
  return {
    ...{ ledger: createLedger(database, { host: "test" }), taskId },
    async endLease(workerId) {
      await database.prisma.$executeRaw`
        UPDATE worker SET lease_until = clock_timestamp() - interval '1 s' WHERE id = ${workerId}`;
    },
    async setDesiredState(state) {
      await setDesiredState(database, taskId, state);
    },
  };
});
