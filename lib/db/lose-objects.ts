import type { DatasetLedger } from "@/lib/core/ports/dataset-ledger";
import type { Database, Transaction } from "./client";

type Request = Parameters<DatasetLedger["loseObjects"]>[0];

/**
 * Takes objects that will never stand out of the dataset, and gives back what their overwrite was to
 * take away: one transaction under the dataset's lock, as every decide (U7). Whoever asks again changes
 * nothing.
 */
export async function loseObjects(database: Database, request: Request): Promise<boolean> {
  const { commitId, error } = request;
  return database.transact(async (transaction) => {
    const [commit] = await transaction.$queryRaw<{ writer: string; finished: boolean }[]>`
      SELECT c.writer, c.finished_at IS NOT NULL AS finished
      FROM dataset_commit c JOIN dataset d ON d.id = c.dataset_id
      WHERE c.id = ${commitId}::uuid FOR UPDATE OF d, c`;
    if (commit?.writer === "merge") return false;
    if (!commit || commit.finished) return true;
    await takeOut(transaction, request);
    await giveBack(transaction, commitId);
    await transaction.$executeRaw`
      UPDATE dataset_commit
      SET error_code = ${error.code}, error_details = ${JSON.stringify(error.details)}::jsonb
      WHERE id = ${commitId}::uuid`;
    return true;
  });
}

/** Those that an overwrite has replaced meanwhile are out of the totals already. */
async function takeOut(transaction: Transaction, { commitId, objectIds }: Request): Promise<void> {
  await transaction.$executeRaw`
    WITH lost AS (
      SELECT o.id, o.rows, o.bytes, o.replaced_by IS NULL AS counts FROM delivered_object o
      WHERE o.id = ANY (${[...objectIds]}::uuid[]) AND o.commit_id = ${commitId}::uuid
        AND o.published_at IS NULL AND o.removed_at IS NULL
    ), taken AS (
      UPDATE delivered_object o
      SET removed_at = clock_timestamp(), replaced_by = COALESCE(o.replaced_by, o.commit_id)
      FROM lost WHERE o.id = lost.id
    ), forgotten AS (
      DELETE FROM upload u USING lost WHERE u.object_id = lost.id
    )
    UPDATE dataset d SET objects = d.objects - l.objects, rows = d.rows - l.rows, bytes = d.bytes - l.bytes
    FROM (SELECT count(*) AS objects, COALESCE(sum(rows), 0) AS rows, COALESCE(sum(bytes), 0) AS bytes
          FROM lost WHERE counts) l, dataset_commit c
    WHERE c.id = ${commitId}::uuid AND d.id = c.dataset_id`;
}

/** Nothing of it is gone yet: that waits until the whole commit is visible. */
async function giveBack(transaction: Transaction, commitId: string): Promise<void> {
  await transaction.$executeRaw`
    WITH back AS (
      UPDATE delivered_object SET replaced_by = NULL
      WHERE replaced_by = ${commitId}::uuid AND commit_id <> ${commitId}::uuid AND removed_at IS NULL
      RETURNING rows, bytes, kind
    )
    UPDATE dataset d SET objects = d.objects + b.objects, rows = d.rows + b.rows, bytes = d.bytes + b.bytes
    FROM (SELECT count(*) AS objects, COALESCE(sum(rows), 0) AS rows, COALESCE(sum(bytes), 0) AS bytes
          FROM back WHERE kind = 'rows') b, dataset_commit c
    WHERE c.id = ${commitId}::uuid AND d.id = c.dataset_id`;
  await transaction.$executeRaw`
    UPDATE dataset_merge SET overwritten_by = NULL WHERE overwritten_by = ${commitId}::uuid`;
}
