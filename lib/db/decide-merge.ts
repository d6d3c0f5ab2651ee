import type { MergeLedger } from "@/lib/core/ports/merge-ledger";
import type { Database, Transaction } from "./client";

type Request = Parameters<MergeLedger["decideMerge"]>[0];

/**
 * Decides a merge: its copy becomes an object of the ledger, and its inputs are merged. Locks the
 * dataset's row, as every decide of an overwrite does: of the two, the second sees what the first did.
 */
export async function decideMerge(
  database: Database,
  request: Request,
): Promise<"decided" | "outdated" | "fenced"> {
  const { merge } = request;
  return database.transact(async (transaction) => {
    const [dataset] = await transaction.$queryRaw<{ is_there: boolean }[]>`
      SELECT d.deleted_at IS NULL AS is_there FROM dataset d
      WHERE d.id = ${merge.datasetId}::uuid FOR UPDATE`;
    const [row] = await transaction.$queryRaw<{ outcome: string | null; is_held: boolean }[]>`
      SELECT m.outcome, m.owner_worker = ${merge.workerId} AND m.epoch = ${BigInt(merge.epoch)} AS is_held
      FROM dataset_merge m WHERE m.id = ${merge.mergeId}::uuid FOR UPDATE`;
    if (row?.is_held && row.outcome === "decided") return "decided";
    if (!row?.is_held || row.outcome !== null) return "fenced";
    if (!dataset?.is_there || !(await areInputsCurrent(transaction, request))) {
      await transaction.$executeRaw`
        UPDATE dataset_merge
        SET ended_at = clock_timestamp(), outcome = 'outdated', error_code = NULL, error_details = NULL
        WHERE id = ${merge.mergeId}::uuid`;
      return "outdated";
    }
    await insertCopy(transaction, request);
    await endDecided(transaction, request);
    if (merge.isAsked) await askForTheRest(transaction, request);
    return "decided";
  });
}

/** An overwrite takes inputs away; another folder would be one that nobody's statement names. */
async function areInputsCurrent(
  transaction: Transaction,
  { merge, inputs }: Request,
): Promise<boolean> {
  const ids = inputs.map(({ objectId }) => objectId);
  const [row] = await transaction.$queryRaw<[{ current: bigint }]>`
    SELECT count(*) AS current
    FROM delivered_object o JOIN merge_settings s ON s.dataset_id = o.dataset_id
    WHERE o.id = ANY (${ids}::uuid[]) AND o.dataset_id = ${merge.datasetId}::uuid AND o.kind = 'rows'
      AND o.merged_by IS NULL AND o.replaced_by IS NULL AND o.published_at IS NOT NULL
      AND s.folder = ${merge.settings.folder}`;
  return Number(row.current) === inputs.length;
}

/** The copy is counted nowhere: its rows are the originals'. */
async function insertCopy(transaction: Transaction, { merge, copy }: Request): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO dataset_commit (id, dataset_id, writer, destination_id, overwrites, objects, rows, bytes,
                                decided_at, finish_after)
    VALUES (${merge.mergeId}::uuid, ${merge.datasetId}::uuid, 'merge', ${merge.destinationId}, false, 1,
            ${BigInt(copy.rows)}, ${BigInt(copy.bytes)}, clock_timestamp(), clock_timestamp())`;
  await transaction.$executeRaw`
    INSERT INTO delivered_object (id, dataset_id, commit_id, kind, location, bucket, key, partition, stem,
                                  lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at, merged_by)
    VALUES (${copy.objectId}::uuid, ${merge.datasetId}::uuid, ${merge.mergeId}::uuid, 'merged',
            ${copy.location}, ${copy.bucket}, ${copy.key}, ${copy.partition}, ${copy.stem}, 0,
            ${BigInt(copy.sequence)}, ${BigInt(copy.rows)}, ${BigInt(copy.bytes)}, ${copy.crc32},
            ${copy.uploadId}, ${JSON.stringify(copy.parts)}::jsonb, clock_timestamp(),
            ${merge.mergeId}::uuid)`;
}

async function endDecided(
  transaction: Transaction,
  { merge, inputs, copy }: Request,
): Promise<void> {
  const ids = inputs.map(({ objectId }) => objectId);
  await transaction.$executeRaw`
    UPDATE delivered_object SET merged_by = ${merge.mergeId}::uuid WHERE id = ANY (${ids}::uuid[])`;
  await transaction.$executeRaw`
    UPDATE dataset_merge
    SET ended_at = clock_timestamp(), outcome = 'decided', output_bytes = ${BigInt(copy.bytes)},
        hold_until = NULL, attempt = 0, error_code = NULL, error_details = NULL
    WHERE id = ${merge.mergeId}::uuid`;
}

/** Somebody asked for all that was there then, and one merge takes only so much. */
async function askForTheRest(transaction: Transaction, { merge }: Request): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO dataset_merge (id, dataset_id, partition, is_asked, requested_at, order_columns)
    SELECT gen_random_uuid(), m.dataset_id, m.partition, true, m.requested_at, '{}'
    FROM dataset_merge m
    WHERE m.id = ${merge.mergeId}::uuid AND EXISTS (
      SELECT FROM delivered_object o
      WHERE o.dataset_id = m.dataset_id AND o.partition = m.partition AND o.kind = 'rows'
        AND o.merged_by IS NULL AND o.replaced_by IS NULL AND o.published_at IS NOT NULL
        AND o.decided_at <= m.requested_at)
    ON CONFLICT (dataset_id, partition) WHERE ended_at IS NULL DO NOTHING`;
}
