import { describeLeaseContract } from "@/lib/db/testing/lease-contract";
import { describeLedgerContract } from "@/lib/db/testing/ledger-contract";
import { SimulatedLedger } from "./simulated-ledger";
import { schemaVersionOne } from "./simulated-records";
import { task } from "./world";

describeLedgerContract("the simulated ledger", () => {
  const ledger = new SimulatedLedger(task, schemaVersionOne, () => 0);
  let workers = 0;
  const claim = async () => {
    workers += 1;
    const workerId = `w${workers}`;
    await ledger.renewWorker({ workerId, leaseMs: 1_000 });
    const [claimed] = await ledger.claimChannels({ workerId, limit: 1 });
    if (!claimed) throw new Error("There is a channel to claim");
    return claimed;
  };
  return {
    ledger,
    async claimNew() {
      const position = { checkpoint: "position-0", sequenceNumber: 0n };
      const channel = { channelId: `c${workers}`, kind: "stream" as const, ...position };
      await ledger.addChannels({ taskId: task.id, channels: [channel] });
      return claim();
    },
    async takeOver({ channelKey }) {
      const channel = ledger.channels.get(channelKey);
      if (channel) channel.owner = null;
      return claim();
    },
  };
});

describeLeaseContract("the simulated ledger", async () => {
  const ledger = new SimulatedLedger(task, schemaVersionOne, () => 0);
  return {
    ...{ ledger, taskId: task.id },
    endLease: async (workerId) => ledger.endLease(workerId),
    async setDesiredState(desiredState) {
      ledger.task = { ...ledger.task, desiredState };
    },
  };
});
