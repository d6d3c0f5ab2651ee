import { describeLedgerContract } from "@/lib/db/testing/ledger-contract";
import { SimulatedLedger } from "./simulated-ledger";
import { schemaVersionOne } from "./simulated-source";
import { task } from "./world";

describeLedgerContract("the simulated ledger", () => {
  const ledger = new SimulatedLedger(task, schemaVersionOne);
  let workers = 0;
  const claim = async (channelKey: string) => {
    workers += 1;
    return ledger.claim(channelKey, `w${workers}`);
  };
  return {
    ledger,
    claimNew: () => claim(ledger.addChannel(`c${workers}`, "stream", "position-0").key),
    takeOver: ({ channelKey }) => claim(channelKey),
  };
});
