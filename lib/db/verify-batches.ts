import type { VerifyChannel } from "@/lib/core/ports/verify-ledger";
import type { BatchEntry } from "@/lib/core/verify-batches";
import type { Database } from "./client";

/** A task's channels by lane, with their accounts: read before their batches, which only grow in number. */
export async function listVerifyChannels(
  database: Database,
  taskId: string,
): Promise<VerifyChannel[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.channel.findMany({ where: { taskId }, orderBy: { lane: "asc" } });
    return rows.map((row) => ({
      ...{ channelKey: String(row.id), channelId: row.channelId, lane: row.lane },
      kind: row.kind === "base" ? "base" : "stream",
      ...{ drained: row.drainedAt !== null, isRescan: row.isRescan },
      ...{ batchNumber: Number(row.batchNumber), checkpoint: row.checkpoint },
      ...{ records: Number(row.records), rows: Number(row.rows) },
      deletesIgnored: Number(row.deletesIgnored),
      dirtyRecords: Number(row.dirtyRecords),
    }));
  });
}

type BatchRow = {
  readonly number: bigint;
  readonly start_checkpoint: string;
  readonly end_checkpoint: string;
  readonly records: bigint;
  readonly rows: bigint;
  readonly deletes_ignored: bigint;
  readonly dirty_records: bigint;
  readonly rows_in_objects: bigint;
};

export async function listVerifyBatches(
  database: Database,
  request: { channelKey: string; after: number; upTo: number; limit: number },
): Promise<BatchEntry[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<BatchRow[]>`
      SELECT b.number, b.start_checkpoint, b.end_checkpoint, b.records, b.rows, b.deletes_ignored,
             b.dirty_records, held.rows AS rows_in_objects
      FROM batch b
      CROSS JOIN LATERAL (
        SELECT COALESCE(sum(o.rows), 0)::bigint AS rows FROM delivered_object o
        WHERE o.channel_key = b.channel_key AND o.batch_number = b.number AND o.kind = 'rows') held
      WHERE b.channel_key = ${BigInt(request.channelKey)} AND b.number > ${BigInt(request.after)}
        AND b.number <= ${BigInt(request.upTo)}
      ORDER BY b.number LIMIT ${request.limit}`;
    return rows.map((row) => ({
      ...{ number: Number(row.number), rows: Number(row.rows), records: Number(row.records) },
      ...{ startCheckpoint: row.start_checkpoint, endCheckpoint: row.end_checkpoint },
      deletesIgnored: Number(row.deletes_ignored),
      dirtyRecords: Number(row.dirty_records),
      rowsInObjects: Number(row.rows_in_objects),
    }));
  });
}
