import type { VerifiedDataset } from "@/lib/core/ports/verify-ledger";
import type { Imbalance } from "@/lib/core/verify-report";
import type { Database } from "./client";

/** What a verification needs of a dataset that sessions write. */

export async function getVerifiedDataset(
  database: Database,
  datasetId: string,
): Promise<VerifiedDataset | null> {
  return database.run(async (prisma) => {
    const row = await prisma.dataset.findFirst({
      where: { id: datasetId, deletedAt: null },
      select: { destinationId: true, folder: true, mergeSettings: { select: { folder: true } } },
    });
    if (!row?.destinationId) return null;
    const { destinationId, folder, mergeSettings } = row;
    return { destinationId, folders: mergeSettings ? [folder, mergeSettings.folder] : [folder] };
  });
}

type ImbalanceRow = {
  readonly commit_id: string | null;
  readonly said_rows: bigint;
  readonly said_objects: bigint;
  readonly rows: bigint;
  readonly objects: bigint;
};

/**
 * Each commit beside its objects, and the dataset's totals beside what is there now: one statement, so
 * that a decide is in both sides or in neither.
 */
export async function listUnbalanced(
  database: Database,
  datasetId: string,
  limit: number,
): Promise<Imbalance[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<ImbalanceRow[]>`
      WITH held AS (
        SELECT o.commit_id, count(*) AS objects, sum(o.rows)::bigint AS rows,
               count(*) FILTER (WHERE o.kind = 'rows' AND o.replaced_by IS NULL) AS objects_now,
               COALESCE(sum(o.rows) FILTER (WHERE o.kind = 'rows' AND o.replaced_by IS NULL), 0) AS rows_now
        FROM delivered_object o WHERE o.dataset_id = ${datasetId}::uuid GROUP BY o.commit_id
      ), said AS (
        SELECT c.id AS commit_id, c.rows AS said_rows, c.objects AS said_objects,
               COALESCE(h.rows, 0) AS rows, COALESCE(h.objects, 0) AS objects
        FROM dataset_commit c LEFT JOIN held h ON h.commit_id = c.id
        WHERE c.dataset_id = ${datasetId}::uuid
        UNION ALL
        SELECT NULL, d.rows, d.objects, COALESCE((SELECT sum(rows_now) FROM held), 0)::bigint,
               COALESCE((SELECT sum(objects_now) FROM held), 0)::bigint
        FROM dataset d WHERE d.id = ${datasetId}::uuid
      )
      SELECT commit_id::text, said_rows, said_objects, rows, objects FROM said
      WHERE said_rows <> rows OR said_objects <> objects
      ORDER BY commit_id NULLS FIRST LIMIT ${limit}`;
    return rows.map((row) => ({
      commit: row.commit_id,
      ...{ saidRows: Number(row.said_rows), saidObjects: Number(row.said_objects) },
      ...{ rows: Number(row.rows), objects: Number(row.objects) },
    }));
  });
}
