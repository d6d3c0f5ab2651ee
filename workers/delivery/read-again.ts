import { AppError } from "@/lib/core/error";
import type { DecidedBatch } from "@/lib/core/ports/ledger";
import type { RowRouter } from "@/lib/core/ports/row-target";
import type { RecordDecoder, RecordPage } from "@/lib/core/ports/table-source";

/**
 * Reads exactly the records that a decided batch consumed. Its pages may be cut elsewhere this time;
 * the count of records is what says where the batch ends.
 */
export async function readAgain(request: {
  batch: DecidedBatch;
  channelId: string;
  tunnel: { readRecords(channelId: string, checkpoint: string): Promise<RecordPage> };
  decoder: RecordDecoder;
  rows: RowRouter;
}): Promise<void> {
  const { batch, channelId, tunnel, decoder, rows } = request;
  let left = batch.counts.records;
  let checkpoint = batch.startCheckpoint;
  while (left > 0) {
    const page = await tunnel.readRecords(channelId, checkpoint);
    const taken = Math.min(left, page.recordCount);
    decoder.decode(page).append(0, taken, rows);
    left -= taken;
    checkpoint = page.next;
    if (left > 0 && (page.finished || (page.recordCount === 0 && !page.mayHaveMore))) {
      throw new AppError(
        "task.reread_differs",
        "The source has fewer records than the batch consumed",
        {
          details: { batch: batch.number, missing: left },
        },
      );
    }
  }
}
