import type { DecidedBatch } from "@/lib/core/ports/ledger";

/** Which stretch of its channel an object holds, for its footer: known when the batch ends. */
export function footerRange(
  batch: Pick<DecidedBatch, "number" | "startCheckpoint" | "endCheckpoint">,
): Record<string, string> {
  return {
    "culvert.batch": String(batch.number),
    "culvert.start": batch.startCheckpoint,
    "culvert.end": batch.endCheckpoint,
  };
}
