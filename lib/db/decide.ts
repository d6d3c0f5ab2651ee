import { AppError, invariant } from "@/lib/core/error";
import type { Ledger } from "@/lib/core/ports/ledger";
import type { DirtyValue } from "@/lib/core/record";
import { leaseHolds } from "./channel-claims";
import type { Database } from "./client";
import { isUniqueViolation } from "./database-error";
import { dirtySamplesPerTaskMax } from "./dirty-samples";
import { Prisma } from "./generated/client";

type DecideRequest = Parameters<Ledger["decide"]>[0];

/**
 * The moment of truth, as ONE statement. A transaction of several could stop half-way with its process
 * (SIGSTOP, a long pause) and keep the channel's row locked, so that nobody could take it over; a
 * statement is done by the server whatever becomes of us.
 *
 * It locks the channel's row and nothing else: what it inserts refers to that row at most.
 *
 * Throws `internal.database_unavailable` when the outcome is unknown (asking again is safe), and
 * `internal.invariant_broken` when an object's key is in the ledger already or the account does not
 * balance; both leave everything as it was.
 */
export async function decide(
  database: Database,
  request: DecideRequest,
): Promise<"decided" | "fenced"> {
  const { batch } = request;
  invariant(batch.number >= 1, "Batches are numbered from 1");
  return database.run(async (prisma) => {
    try {
      const moved = await prisma.$queryRaw<unknown[]>(decideStatement(request));
      if (moved.length > 0) return "decided";
    } catch (thrown) {
      throw isUniqueViolation(thrown) ? keyTaken(request, thrown) : thrown;
    }
    // Perhaps because this very batch was decided, and only the answer was lost.
    return (await isDecided(database, request)) ? "decided" : "fenced";
  });
}

function decideStatement(request: DecideRequest): Prisma.Sql {
  const { lease, batch, dirtySamples } = request;
  const { counts } = batch;
  const lastWrittenAt = counts.lastWrittenAtMs > 0 ? new Date(counts.lastWrittenAtMs) : null;
  const hasObjects = batch.objects.length > 0;
  return Prisma.sql`
    WITH moved AS (
      UPDATE channel SET
        checkpoint = ${batch.endCheckpoint}, finished = ${batch.finished},
        batch_number = ${BigInt(batch.number)},
        records = records + ${counts.records}, rows = rows + ${counts.rows},
        deletes_ignored = deletes_ignored + ${counts.deletesIgnored},
        dirty_records = dirty_records + ${counts.dirtyRecords},
        dirty_values = dirty_values + ${counts.dirtyValues},
        unmapped_values = unmapped_values + ${counts.unmappedValues},
        ${objectTotals(request)},
        delivered_through = ${hasObjects ? Prisma.sql`delivered_through` : throughOfEmptyBatch(lastWrittenAt)}
      WHERE ${leaseHolds(lease)} AND batch_number = ${BigInt(batch.number - 1)}
        AND checkpoint = ${batch.startCheckpoint} AND NOT finished
      RETURNING id, task_id, lane, epoch, clock_timestamp() AS now
    ), account AS (
      INSERT INTO batch (channel_key, number, start_checkpoint, end_checkpoint, finished, epoch,
        schema_version, sealed_by, records, rows, deletes_ignored, dirty_records, dirty_values,
        unmapped_values, last_written_at, decided_at, published_at)
      SELECT id, ${BigInt(batch.number)}, ${batch.startCheckpoint}, ${batch.endCheckpoint},
        ${batch.finished}, epoch, ${batch.schemaVersion}, ${batch.sealedBy}, ${counts.records},
        ${counts.rows}, ${counts.deletesIgnored}, ${counts.dirtyRecords}, ${counts.dirtyValues},
        ${counts.unmappedValues}, ${lastWrittenAt}::timestamptz, now,
        CASE WHEN ${hasObjects} THEN NULL ELSE now END
      FROM moved
    )${hasObjects ? insertObjects(request) : Prisma.empty}${
      dirtySamples.length > 0 ? insertSamples(request) : Prisma.empty
    }
    SELECT id FROM moved`;
}

function objectTotals({ batch }: DecideRequest): Prisma.Sql {
  const totals = { rows: { objects: 0, bytes: 0 }, dirty: { objects: 0, bytes: 0 } };
  for (const object of batch.objects) {
    totals[object.kind].objects += 1;
    totals[object.kind].bytes += object.bytes;
  }
  return Prisma.sql`
    objects = objects + ${totals.rows.objects}, bytes = bytes + ${BigInt(totals.rows.bytes)},
    dirty_objects = dirty_objects + ${totals.dirty.objects},
    dirty_bytes = dirty_bytes + ${BigInt(totals.dirty.bytes)}`;
}

/** Without objects there is nothing to publish: delivered at once, unless an earlier batch is still open. */
function throughOfEmptyBatch(lastWrittenAt: Date | null): Prisma.Sql {
  return Prisma.sql`
    CASE WHEN EXISTS (SELECT FROM batch open WHERE open.channel_key = channel.id
                        AND open.number > channel.acked_batch_number AND open.published_at IS NULL)
      THEN delivered_through ELSE GREATEST(delivered_through, ${lastWrittenAt}::timestamptz) END`;
}

/** The task's name is read without a lock: names never change. */
function insertObjects({ batch }: DecideRequest): Prisma.Sql {
  const given = JSON.stringify(
    batch.objects.map((object) => ({
      id: object.objectId,
      kind: object.kind,
      location: object.location,
      bucket: object.bucket,
      key: object.key,
      partition: object.partition,
      stem: object.stem,
      sequence: object.sequence,
      rows: object.rows,
      bytes: object.bytes,
      crc32: object.crc32,
      upload_id: object.uploadId,
      parts: object.parts,
    })),
  );
  return Prisma.sql`, objects AS (
      INSERT INTO delivered_object (id, task_id, task_name, channel_key, batch_number, kind, location,
        bucket, key, partition, stem, lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at)
      SELECT o.id, moved.task_id, t.name, moved.id, ${BigInt(batch.number)}, o.kind, o.location,
        o.bucket, o.key, o.partition, o.stem, moved.lane, o.sequence, o.rows, o.bytes, o.crc32,
        o.upload_id, o.parts, moved.now
      FROM moved JOIN task t ON t.id = moved.task_id
      CROSS JOIN jsonb_to_recordset(${given}::jsonb) AS o (id uuid, kind text, location text, bucket text, key text,
        partition text, stem text, sequence bigint, rows bigint, bytes bigint, crc32 text,
        upload_id text, parts jsonb)
    )`;
}

/**
 * PostgreSQL takes neither U+0000 nor half a surrogate pair (a value cut in the middle of an emoji), and
 * a sample that it refused would stop its channel for good. The dirty object has the value as it was.
 */
function storable(sample: DirtyValue): DirtyValue {
  const texts = Object.entries(sample).map(([name, text]) => [
    name,
    typeof text === "string" ? Buffer.from(text.replaceAll("\u0000", "\uFFFD")).toString() : text,
  ]);
  return { ...sample, ...Object.fromEntries(texts) };
}

/** The newest are kept. Rows that another decide is removing are left to it, so nobody waits. */
function insertSamples({ batch, dirtySamples }: DecideRequest): Prisma.Sql {
  const kept = dirtySamples.slice(-dirtySamplesPerTaskMax).map(storable);
  return Prisma.sql`, samples AS (
      INSERT INTO dirty_sample (task_id, channel_key, batch_number, column_name, reason, expected,
        actual, value, record_key, record_position, decided_at)
      SELECT moved.task_id, moved.id, ${BigInt(batch.number)}, s."column", s.reason, s.expected,
        s.actual, s.value, s.key, s.position, moved.now
      FROM moved CROSS JOIN jsonb_to_recordset(${JSON.stringify(kept)}::jsonb)
        AS s ("column" text, reason text, expected text, actual text, value text, key text,
              position text)
    ), trimmed AS (
      DELETE FROM dirty_sample WHERE id IN (
        SELECT old.id FROM dirty_sample old WHERE old.id IN (
          SELECT d.id FROM moved JOIN dirty_sample d ON d.task_id = moved.task_id
          ORDER BY d.id DESC OFFSET ${dirtySamplesPerTaskMax - kept.length})
        FOR UPDATE SKIP LOCKED)
    )`;
}

/** An epoch belongs to one claim, so a batch of this epoch was decided by this very owner. */
async function isDecided(database: Database, { lease, batch }: DecideRequest): Promise<boolean> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<{ objects: string[] | null }[]>`
      SELECT (SELECT array_agg(o.id::text) FROM delivered_object o
              WHERE o.channel_key = b.channel_key AND o.batch_number = b.number) AS objects
      FROM batch b
      WHERE b.channel_key = ${BigInt(lease.channelKey)} AND b.number = ${BigInt(batch.number)}
        AND b.epoch = ${BigInt(lease.epoch)} AND b.end_checkpoint = ${batch.endCheckpoint}`;
    if (!row) return false;
    const stored = new Set(row.objects ?? []);
    return (
      stored.size === batch.objects.length &&
      batch.objects.every((object) => stored.has(object.objectId))
    );
  });
}

function keyTaken({ lease, batch }: DecideRequest, cause: unknown): AppError {
  return new AppError(
    "internal.invariant_broken",
    "A decided object's key is in the ledger already",
    {
      details: { channelKey: lease.channelKey, batchNumber: batch.number },
      cause,
    },
  );
}
