import type { DecidedBatch, Ledger } from "@/lib/core/ports/ledger";
import { leaseHolds } from "./channel-claims";
import type { Database } from "./client";
import {
  type BatchRow,
  batchColumns,
  batchFromRow,
  type ObjectRow,
  objectColumns,
} from "./decided-batch-row";

/** What follows a decide: publish, mark, ack. */

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

/** By number; each with its unpublished objects, by key stem and sequence. */
export async function listUnacked(
  database: Database,
  lease: Request<"listUnacked">,
): Promise<DecidedBatch[]> {
  const channelKey = BigInt(lease.channelKey);
  return database.run(async (prisma) => {
    const batches = await prisma.$queryRaw<BatchRow[]>`
      SELECT ${batchColumns}
      FROM channel c JOIN batch b ON b.channel_key = c.id AND b.number > c.acked_batch_number
      WHERE c.id = ${channelKey} ORDER BY b.number`;
    const first = batches[0];
    if (!first) return [];
    const objects = await prisma.$queryRaw<ObjectRow[]>`
      SELECT ${objectColumns}
      FROM delivered_object o
      WHERE o.channel_key = ${channelKey} AND o.batch_number >= ${first.number}
        AND o.published_at IS NULL
      ORDER BY o.batch_number, o.stem, o.sequence`;
    return batches.map((row) => batchFromRow(row, objects));
  });
}

/**
 * Three statements, each safe to repeat: objects, then the batch that has none left, then how far the
 * channel is delivered. Whoever comes last sees what the others did, so none of them has to wait.
 */
export async function markPublished(
  database: Database,
  request: Request<"markPublished">,
): Promise<void> {
  const channelKey = BigInt(request.channelKey);
  const number = BigInt(request.batchNumber);
  await database.run(async (prisma) => {
    await prisma.$executeRaw`
      WITH published AS (
        UPDATE delivered_object SET published_at = clock_timestamp()
        WHERE id = ANY (${[...request.objectIds]}::uuid[]) AND channel_key = ${channelKey}
          AND batch_number = ${number} AND published_at IS NULL
        RETURNING id, upload_id
      )
      DELETE FROM upload u USING published p WHERE u.object_id = p.id AND u.upload_id = p.upload_id`;
    await prisma.$executeRaw`
      UPDATE batch SET published_at = clock_timestamp()
      WHERE channel_key = ${channelKey} AND number = ${number} AND published_at IS NULL
        AND NOT EXISTS (SELECT FROM delivered_object o WHERE o.channel_key = batch.channel_key
                          AND o.batch_number = batch.number AND o.published_at IS NULL)`;
    await prisma.$executeRaw`
      UPDATE channel c SET
        delivered_through = GREATEST(c.delivered_through, prefix.through),
        last_delivered_at = GREATEST(c.last_delivered_at, prefix.delivered_at)
      FROM (
        SELECT max(b.last_written_at) AS through,
               max(b.published_at) FILTER (WHERE b.rows > 0) AS delivered_at
        FROM channel p JOIN batch b ON b.channel_key = p.id AND b.number >= p.acked_batch_number
        WHERE p.id = ${channelKey} AND b.published_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM batch open WHERE open.channel_key = p.id
                            AND open.number BETWEEN p.acked_batch_number AND b.number
                            AND open.published_at IS NULL)
      ) prefix
      WHERE c.id = ${channelKey}`;
  });
}

/**
 * Remembers what the tunnel accepted; never goes back. Throws `internal.invariant_broken` when a batch
 * up to this one is not published (D3), or when the channel would be drained before its last batch.
 */
export async function markAcked(
  database: Database,
  { lease, batchNumber, sequenceNumber, finished }: Request<"markAcked">,
): Promise<"acked" | "fenced"> {
  const number = BigInt(batchNumber);
  return database.run(async (prisma) => {
    const moved = await prisma.$queryRaw<unknown[]>`
      WITH held AS (
        SELECT id, acked_batch_number AS acked FROM channel WHERE ${leaseHolds(lease)}
        FOR NO KEY UPDATE
      ), acked AS (
        UPDATE batch SET acked_at = clock_timestamp() FROM held
        WHERE channel_key = held.id AND number > held.acked AND number <= ${number}
      )
      UPDATE channel c SET
        acked_batch_number = GREATEST(c.acked_batch_number, ${number}),
        acked_sequence_number = GREATEST(c.acked_sequence_number, ${sequenceNumber}),
        drained_at = CASE WHEN ${finished} THEN COALESCE(c.drained_at, clock_timestamp())
                          ELSE c.drained_at END
      FROM held WHERE c.id = held.id
      RETURNING c.id`;
    return moved.length > 0 ? "acked" : "fenced";
  });
}

/** The channel's row is locked meanwhile, so no claim comes between the fence and the write. */
export async function replaceUpload(
  database: Database,
  { lease, objectId, replaces, uploadId, parts, bytes, crc32 }: Request<"replaceUpload">,
): Promise<"replaced" | "fenced"> {
  return database.run(async (prisma) => {
    const replaced = await prisma.$queryRaw<unknown[]>`
      WITH held AS (
        SELECT id FROM channel WHERE ${leaseHolds(lease)} FOR NO KEY UPDATE
      ), before AS (
        SELECT o.id, o.kind, o.bytes FROM delivered_object o JOIN held ON o.channel_key = held.id
        WHERE o.id = ${objectId}::uuid AND o.published_at IS NULL
          AND o.upload_id IN (${replaces}, ${uploadId}) FOR NO KEY UPDATE OF o
      ), replaced AS (
        UPDATE delivered_object o SET upload_id = ${uploadId}, parts = ${JSON.stringify(parts)}::jsonb,
          bytes = ${BigInt(bytes)}, crc32 = ${crc32}
        FROM before WHERE o.id = before.id
        RETURNING before.kind, ${BigInt(bytes)} - before.bytes AS more
      )
      UPDATE channel c SET
        bytes = c.bytes + CASE replaced.kind WHEN 'rows' THEN replaced.more ELSE 0 END,
        dirty_bytes = c.dirty_bytes + CASE replaced.kind WHEN 'dirty' THEN replaced.more ELSE 0 END
      FROM held, replaced WHERE c.id = held.id
      RETURNING c.id`;
    return replaced.length > 0 ? "replaced" : "fenced";
  });
}
