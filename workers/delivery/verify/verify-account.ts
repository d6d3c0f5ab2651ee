import type { VerifyLedger } from "@/lib/core/ports/verify-ledger";
import { checkBatch, endChannelCheck, startChannelCheck } from "@/lib/core/verify-batches";
import type { VerifyTally } from "@/lib/core/verify-report";

const pageBatchesMax = 1_000;

/** Follows every channel of a task batch by batch: numbers, ranges, accounts, and what its objects hold. */
export async function verifyAccount(options: {
  readonly ledger: Pick<VerifyLedger, "listChannels" | "listBatches">;
  readonly taskId: string;
  readonly tally: VerifyTally;
  readonly onPage: () => Promise<void>;
}): Promise<void> {
  const { ledger, taskId, tally, onPage } = options;
  for (const channel of await ledger.listChannels(taskId)) {
    const { channelKey, batchNumber: upTo } = channel;
    let check = startChannelCheck(channel);
    for (let after = 0; after < upTo; ) {
      const page = await ledger.listBatches({ channelKey, after, upTo, limit: pageBatchesMax });
      for (const batch of page) {
        const step = checkBatch(check, batch);
        check = step.check;
        for (const gap of step.gaps) tally.add({ kind: "gap", ...gap });
      }
      tally.counts.batches += page.length;
      after = page.at(-1)?.number ?? upTo;
      await onPage();
    }
    for (const gap of endChannelCheck(check)) tally.add({ kind: "gap", ...gap });
  }
}
