import type { MergeLedger, ReleasableMerge } from "@/lib/core/ports/merge-ledger";
import type { Database, Transaction } from "./client";
import { Prisma } from "./generated/client";

/**
 * D8 in one condition, on merges `m` with their commit `c` and settings `s`: published for longer than
 * the grace time, wanted so still, not overwritten, and no download that may be read has the originals.
 */
const isReleasable = Prisma.sql`
  m.outcome = 'decided' AND m.released_at IS NULL AND m.overwritten_by IS NULL
  AND s.originals = 'remove'
  AND c.published_at + s.grace_seconds * interval '1 second' <= clock_timestamp()
  AND NOT EXISTS (
    SELECT FROM delivered_object o
    JOIN download_object l ON l.object_id = o.id
    JOIN download_session r ON r.id = l.session_id AND r.expires_at > clock_timestamp()
    WHERE o.merged_by = m.id AND o.commit_id <> m.id)`;

type Row = {
  readonly merge_id: string;
  readonly dataset: string;
  readonly destination_id: string;
  readonly attempt: number;
  readonly object_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: bigint;
};

export async function listReleasable(
  database: Database,
  limit: number,
): Promise<ReleasableMerge[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<Row[]>`
      SELECT m.id::text AS merge_id, d.name AS dataset, d.destination_id, m.attempt,
             k.id::text AS object_id, k.bucket, k.key, k.bytes
      FROM dataset_merge m
      JOIN dataset d ON d.id = m.dataset_id AND d.deleted_at IS NULL
      JOIN merge_settings s ON s.dataset_id = d.id
      JOIN dataset_commit c ON c.id = m.id
      JOIN delivered_object k ON k.commit_id = m.id AND k.kind = 'merged'
      WHERE ${isReleasable} AND (m.next_try_at IS NULL OR m.next_try_at <= clock_timestamp())
      ORDER BY c.published_at, m.id LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    mergeId: row.merge_id,
    dataset: row.dataset,
    destinationId: row.destination_id,
    attempt: row.attempt,
    copy: {
      objectId: row.object_id,
      bucket: row.bucket,
      key: row.key,
      bytes: Number(row.bytes),
    },
  }));
}

/** Under the dataset's lock, which overwrites and new downloads take too: what they did is seen. */
export async function releaseOriginals(database: Database, mergeId: string): Promise<boolean> {
  return database.transact(async (transaction) => {
    await transaction.$queryRaw`
      SELECT FROM dataset d JOIN dataset_merge m ON m.dataset_id = d.id
      WHERE m.id = ${mergeId}::uuid FOR UPDATE OF d`;
    const released = await transaction.$executeRaw`
      UPDATE dataset_merge m
      SET released_at = clock_timestamp(), attempt = 0, next_try_at = NULL, error_code = NULL,
          error_details = NULL
      FROM dataset d, merge_settings s, dataset_commit c
      WHERE m.id = ${mergeId}::uuid AND d.id = m.dataset_id AND d.deleted_at IS NULL
        AND s.dataset_id = d.id AND c.id = m.id AND ${isReleasable}`;
    if (released === 0) return false;
    await exchange(transaction, mergeId);
    return true;
  });
}

/** Rows stay as many as they are; their objects are another, and the old ones are to be taken away. */
async function exchange(transaction: Transaction, mergeId: string): Promise<void> {
  await transaction.$executeRaw`
    WITH gone AS (
      UPDATE delivered_object SET replaced_by = ${mergeId}::uuid
      WHERE merged_by = ${mergeId}::uuid AND commit_id <> ${mergeId}::uuid AND replaced_by IS NULL
      RETURNING rows, bytes
    ), kept AS (
      UPDATE delivered_object SET kind = 'rows' WHERE commit_id = ${mergeId}::uuid
      RETURNING rows, bytes
    )
    UPDATE dataset d
    SET objects = d.objects + k.objects - g.objects, rows = d.rows + k.rows - g.rows,
        bytes = d.bytes + k.bytes - g.bytes
    FROM (SELECT count(*) AS objects, COALESCE(sum(rows), 0) AS rows, COALESCE(sum(bytes), 0) AS bytes
          FROM gone) g,
         (SELECT count(*) AS objects, COALESCE(sum(rows), 0) AS rows, COALESCE(sum(bytes), 0) AS bytes
          FROM kept) k,
         dataset_merge m
    WHERE m.id = ${mergeId}::uuid AND d.id = m.dataset_id`;
  // Its commit replaces something now, and is finished once that is gone.
  await transaction.$executeRaw`
    UPDATE dataset_commit SET finished_at = NULL, finish_after = clock_timestamp(), attempt = 0
    WHERE id = ${mergeId}::uuid`;
}

export async function saveReleaseError(
  database: Database,
  { mergeId, error, retryAfterMs }: Parameters<MergeLedger["saveReleaseError"]>[0],
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_merge
      SET error_code = ${error.code}, error_details = ${JSON.stringify(error.details)}::jsonb,
          attempt = attempt + 1,
          next_try_at = clock_timestamp() + ${retryAfterMs} * interval '1 millisecond'
      WHERE id = ${mergeId}::uuid AND outcome = 'decided' AND released_at IS NULL`,
  );
}

/** The copy never stood and never will, so the ledger forgets it; its originals are unmerged again. */
export async function undoLostMerges(database: Database): Promise<number> {
  const where = {
    ...{ writer: "merge", publishedAt: null, finishedAt: null },
    errorCode: "destination.upload_gone",
  };
  // Asked every few seconds, and next to never so.
  if ((await database.run((prisma) => prisma.datasetCommit.count({ where }))) === 0) return 0;
  return database.transact(undoLost);
}

async function undoLost(transaction: Transaction): Promise<number> {
  const lost = await transaction.$queryRaw<{ id: string }[]>`
    SELECT c.id::text FROM dataset_commit c JOIN dataset d ON d.id = c.dataset_id
    WHERE c.writer = 'merge' AND c.published_at IS NULL AND c.finished_at IS NULL
      AND c.error_code = 'destination.upload_gone'
      AND NOT EXISTS (SELECT FROM delivered_object o
                      WHERE o.commit_id = c.id AND o.published_at IS NOT NULL)
    FOR UPDATE OF c, d SKIP LOCKED`;
  const ids = lost.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await transaction.$executeRaw`
    UPDATE dataset_merge m
    SET outcome = 'outdated', error_code = c.error_code, error_details = c.error_details
    FROM dataset_commit c WHERE c.id = m.id AND m.id = ANY (${ids}::uuid[])`;
  await transaction.$executeRaw`
    DELETE FROM delivered_object WHERE commit_id = ANY (${ids}::uuid[])`;
  await transaction.$executeRaw`
    UPDATE delivered_object SET merged_by = NULL WHERE merged_by = ANY (${ids}::uuid[])`;
  await transaction.$executeRaw`DELETE FROM dataset_commit WHERE id = ANY (${ids}::uuid[])`;
  return ids.length;
}
