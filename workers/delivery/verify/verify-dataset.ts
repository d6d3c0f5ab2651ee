import type { VerifyLedger, VerifyRun } from "@/lib/core/ports/verify-ledger";
import { foldersToList } from "@/lib/core/verify-objects";
import { findingsPerKindMax, type VerifyReport } from "@/lib/core/verify-report";
import type { Adapters } from "../adapters";
import { type PassOptions, type Progress, runPass } from "./verify-pass";

export type VerifyDatasetOptions = Pick<PassOptions, "etagOf"> & {
  readonly verifyLedger: VerifyLedger;
  readonly adapters: Pick<Adapters, "destination">;
};

/**
 * Verifies what sessions and merges wrote. A dataset has its folders for itself, so whatever else
 * stands there is foreign; what is missing only its clients could bring again. Null when the dataset is
 * gone.
 */
export async function verifyDataset(
  { verifyLedger, adapters, etagOf }: VerifyDatasetOptions,
  run: VerifyRun,
  progress: Progress,
): Promise<VerifyReport | null> {
  const dataset = await verifyLedger.getDataset(run.subject.id);
  if (!dataset) return null;
  const destination = await adapters.destination(dataset.destinationId);
  const folders = foldersToList(dataset.folders);
  const { tally } = await runPass({
    ...{ run, verifyLedger, etagOf, destination, folders, progress },
    isInDataset: () => true,
    publishedBeforeMs: await verifyLedger.now(),
    async checkAccount(tally) {
      for (const one of await verifyLedger.listUnbalanced(run.subject.id, findingsPerKindMax))
        tally.add({ kind: "unbalanced", ...one });
    },
  });
  const { counts, findings } = tally;
  return {
    ...{ bucket: destination.bucket, folders, deep: run.deep, counts, findings },
    redelivery: null,
  };
}
