import type { DecidedBatch } from "@/lib/core/ports/ledger";
import type { TaskPlace, VerifyLedger, VerifyRun } from "@/lib/core/ports/verify-ledger";
import type { LostReason } from "@/lib/core/verify-objects";
import type { Database } from "./client";
import {
  type BatchRow,
  batchColumns,
  batchFromRow,
  type ObjectRow,
  objectColumns,
} from "./decided-batch-row";
import { runHolds } from "./verify-runs";

/** Delivering missing objects again: which they are, and how they become decided once more. */

export async function listMissingBatches(
  database: Database,
  { taskId, bucket }: TaskPlace,
  request: { channelKey: string; after: number; limit: number; sinceMs: number },
): Promise<DecidedBatch[]> {
  const channelKey = BigInt(request.channelKey);
  const since = new Date(request.sinceMs);
  return database.run(async (prisma) => {
    const batches = await prisma.$queryRaw<BatchRow[]>`
      SELECT ${batchColumns}
      FROM (SELECT DISTINCT o.batch_number
            FROM delivered_object o JOIN channel c ON c.id = o.channel_key
            WHERE o.channel_key = ${channelKey} AND o.batch_number > ${BigInt(request.after)}
              AND o.batch_number <= c.acked_batch_number
              AND o.missing_since >= ${since}::timestamptz
              AND o.bucket = ${bucket} AND o.task_id = ${taskId}::uuid AND o.replaced_at IS NULL
            ORDER BY o.batch_number LIMIT ${request.limit}) missing
      JOIN batch b ON b.channel_key = ${channelKey} AND b.number = missing.batch_number
      ORDER BY b.number`;
    const objects = await prisma.$queryRaw<ObjectRow[]>`
      SELECT ${objectColumns} FROM delivered_object o
      WHERE o.channel_key = ${channelKey}
        AND o.batch_number = ANY (${batches.map(({ number }) => number)}::bigint[])
        AND o.missing_since >= ${since}::timestamptz AND o.bucket = ${bucket} AND o.replaced_at IS NULL
      ORDER BY o.batch_number, o.stem, o.sequence`;
    return batches.map((row) => batchFromRow(row, objects));
  });
}

/**
 * One statement, conditional on the run's fence and on the object still being missing: a zombie's
 * upload can be completed only while the object is wanted (D1). Totals of bytes follow where an
 * upgraded encoder made another size.
 */
export async function reopenObject(
  database: Database,
  run: VerifyRun,
  request: Parameters<VerifyLedger["reopenObject"]>[1],
): Promise<boolean> {
  const { objectId, uploadId, parts, bytes, crc32 } = request;
  return database.run(async (prisma) => {
    const reopened = await prisma.$queryRaw<unknown[]>`
      WITH before AS (
        SELECT o.id, o.kind, o.bytes, o.channel_key FROM delivered_object o
        WHERE o.id = ${objectId}::uuid AND o.missing_since IS NOT NULL AND o.replaced_at IS NULL
          AND EXISTS (SELECT FROM verify_run WHERE ${runHolds(run)})
        FOR NO KEY UPDATE OF o
      ), reopened AS (
        UPDATE delivered_object o SET upload_id = ${uploadId}, parts = ${JSON.stringify(parts)}::jsonb,
          bytes = ${BigInt(bytes)}, crc32 = ${crc32}, published_at = NULL
        FROM before WHERE o.id = before.id
        RETURNING o.id, before.kind, before.channel_key, ${BigInt(bytes)} - before.bytes AS more
      ), total AS (
        UPDATE channel c SET
          bytes = c.bytes + CASE r.kind WHEN 'rows' THEN r.more ELSE 0 END,
          dirty_bytes = c.dirty_bytes + CASE r.kind WHEN 'dirty' THEN r.more ELSE 0 END
        FROM reopened r WHERE c.id = r.channel_key AND r.more <> 0
      )
      SELECT id FROM reopened`;
    return reopened.length > 0;
  });
}

export async function markLost(
  database: Database,
  objectIds: readonly string[],
  because: LostReason,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE delivered_object SET lost_because = ${because}
      WHERE id = ANY (${[...objectIds]}::uuid[]) AND missing_since IS NOT NULL`,
  );
}
