import { AppError } from "@/lib/core/error";
import type { DecidedBatch } from "@/lib/core/ports/ledger";
import type { RecordDecoder, RecordPage } from "@/lib/core/ports/table-source";
import type { OpenRows } from "./open-rows";

export type ReadAgainRequest = {
  readonly batch: DecidedBatch;
  readonly channelId: string;
  readonly tunnel: { readRecords(channelId: string, checkpoint: string): Promise<RecordPage> };
  readonly decoder: RecordDecoder;
  readonly rows: OpenRows;
};

/**
 * Reads exactly the records that a decided batch consumed. Its pages may be cut elsewhere this time;
 * the count of records is what says where the batch ends. `afterPage` may take what is finished.
 */
export async function readAgain(
  { batch, channelId, tunnel, decoder, rows }: ReadAgainRequest,
  afterPage: () => Promise<void>,
): Promise<void> {
  let left = batch.counts.records;
  let checkpoint = batch.startCheckpoint;
  while (left > 0) {
    const page = await tunnel.readRecords(channelId, checkpoint);
    const taken = Math.min(left, page.recordCount);
    await rows.append(decoder.decode(page), taken, page.byteLength);
    await afterPage();
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
