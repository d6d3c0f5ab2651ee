import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { VerifyLedger, VerifyPlace, VerifyRun } from "@/lib/core/ports/verify-ledger";
import { VerifyTally } from "@/lib/core/verify-report";
import type { OpenDestination } from "../adapters";
import { type VerifyBucketOptions, verifyBucket } from "./verify-bucket";

/** Says how far a pass is; without a figure, that the run goes on. Throws when it does not. */
export type Progress = (objectsChecked?: number) => Promise<void>;

export type PassOptions = Pick<VerifyBucketOptions, "folders" | "isInDataset"> & {
  readonly run: VerifyRun;
  readonly verifyLedger: VerifyLedger;
  readonly etagOf: (parts: readonly UploadedPart[]) => string | null;
  readonly destination: OpenDestination;
  readonly publishedBeforeMs: number;
  readonly progress: Progress;
  /** What there is to be checked beside the bucket. */
  readonly checkAccount: (tally: VerifyTally, onPage: () => Promise<void>) => Promise<void>;
};

/** Compares bucket and ledger once. `stood`: see verifyBucket. */
export async function runPass(
  options: PassOptions,
): Promise<{ readonly tally: VerifyTally; readonly stood: number }> {
  const { run, verifyLedger, etagOf, destination, folders, isInDataset } = options;
  const { store, bucket, location } = destination;
  const place: VerifyPlace = { subject: run.subject, bucket, location };
  const tally = new VerifyTally();
  const onPage = () => options.progress(tally.counts.listed);
  const { stood } = await verifyBucket({
    ...{ store, ledger: verifyLedger, place, folders, isInDataset, deep: run.deep },
    ...{ publishedBeforeMs: options.publishedBeforeMs, etagOf, tally, onPage },
  });
  await options.checkAccount(tally, onPage);
  tally.counts.elsewhere = await verifyLedger.countElsewhere(place);
  return { tally, stood };
}
