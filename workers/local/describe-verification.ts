import type { VerifyRunView } from "@/lib/contracts/verify-run";
import { countFindings } from "@/lib/core/verify-report";
import { describeFinding, describeLost } from "@/lib/core/verify-words";

/** 0: all is as the ledger says. 1: something is not. 2: it could not be found out. */
export function exitCodeOf(run: VerifyRunView): 0 | 1 | 2 {
  if (run.clean === null) return 2;
  return run.clean ? 0 : 1;
}

/** A verification that has ended, for a terminal. */
export function describeVerification(run: VerifyRunView): string[] {
  const { report, error } = run;
  if (!report) {
    const what = error ? [error.title, error.cause, error.nextStep] : ["The task was deleted."];
    return ["Could not verify.", ...what.map((line) => `  ${line}`)];
  }
  const { counts, findings } = report;
  const shown = findings.map((finding) => {
    const { place, what } = describeFinding(finding);
    return `  ${finding.kind.padEnd(11)} ${place}${finding.kind === "gap" ? ":" : ""} ${what}`;
  });
  const total = countFindings(counts);
  return [
    run.clean ? "The bucket holds what the ledger says." : "The bucket differs from the ledger.",
    `  ${report.bucket}: ${report.folders.join(", ")}`,
    `  ${counts.listed} objects listed, ${counts.whole} whole with ${counts.wholeRows} rows, ${counts.batches} batches followed`,
    `  ${counts.missing} missing, ${counts.altered} altered, ${counts.foreign} foreign, ${counts.overlapping} overlapping, ${counts.gap} gaps, ${counts.unbalanced} out of balance`,
    ...(counts.unproven > 0
      ? [`  ${counts.unproven} objects whose content was not compared; --deep reads it`]
      : []),
    ...shown,
    ...(total > findings.length ? [`  … and ${total - findings.length} more`] : []),
    ...describeRedelivery(report.redelivery),
  ];
}

function describeRedelivery(
  redelivery: NonNullable<VerifyRunView["report"]>["redelivery"],
): string[] {
  if (!redelivery) return [];
  const { objects, rows, fullScan, lostRanges, lostObjects, lostRows, lost } = redelivery;
  return [
    `Delivered again: ${objects} objects with ${rows} rows.`,
    ...(fullScan ? ["Nothing of the full phase was left: the whole table is scanned again."] : []),
    ...(lostRanges > 0 ? [`Lost: ${lostObjects} objects with ${lostRows} rows.`] : []),
    ...lost.map(({ channelId, lane, fromBatch, toBatch, rows: lostHere, because }) => {
      const batches =
        fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch}–${toBatch}`;
      return `  ${channelId} (lane ${lane}), ${batches}, ${lostHere} rows: ${describeLost(because)}`;
    }),
    ...(lostRanges > lost.length ? [`  … and ${lostRanges - lost.length} more ranges`] : []),
  ];
}
