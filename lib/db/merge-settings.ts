import type { WriterFolders } from "@/lib/core/dataset-folder";
import type { MergeOrderKind, MergeSettings } from "@/lib/core/merge-settings";
import type { Problem } from "@/lib/core/problem";
import type { Database, Transaction } from "./client";
import { listWriters, lockFolders, type Place } from "./dataset-writers";

/** What came of merging so far, of merged copies that nothing has overwritten. */
export type MergeTotals = {
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of originals that stand beside their copy. */
  readonly doubledBytes: number;
};

export type StoredMerging = { readonly settings: MergeSettings; readonly totals: MergeTotals };

type SettingsRow = NonNullable<Awaited<ReturnType<Transaction["mergeSettings"]["findUnique"]>>>;

export function mergeSettingsOf(row: SettingsRow): MergeSettings {
  return {
    isEnabled: row.isEnabled,
    folder: row.folder,
    order: { kind: row.orderKind as MergeOrderKind, columns: row.orderColumns },
    smallBytes: Number(row.smallBytes),
    objectsMin: row.objectsMin,
    targetBytes: Number(row.targetBytes),
    rowGroupRows: row.rowGroupRows,
    originals: row.originals as MergeSettings["originals"],
    graceSeconds: row.graceSeconds,
  };
}

type TotalsRow = {
  readonly dataset_id: string;
  readonly objects: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly doubled_bytes: bigint;
};

/** By the dataset's id; absent where nobody has set any. */
export async function getMergings(
  database: Database,
  datasetIds: readonly string[],
): Promise<ReadonlyMap<string, StoredMerging>> {
  if (datasetIds.length === 0) return new Map();
  return database.run(async (prisma) => {
    const [rows, totals] = await Promise.all([
      prisma.mergeSettings.findMany({ where: { datasetId: { in: [...datasetIds] } } }),
      prisma.$queryRaw<TotalsRow[]>`
        SELECT m.dataset_id::text, count(*) AS objects, sum(m.input_rows)::bigint AS rows,
               sum(m.output_bytes)::bigint AS bytes,
               COALESCE(sum(m.input_bytes) FILTER (WHERE m.released_at IS NULL), 0)::bigint
                 AS doubled_bytes
        FROM dataset_merge m
        WHERE m.dataset_id = ANY (${[...datasetIds]}::uuid[]) AND m.outcome = 'decided'
          AND m.overwritten_by IS NULL
        GROUP BY m.dataset_id`,
    ]);
    const byId = new Map(totals.map((row) => [row.dataset_id, row]));
    return new Map(
      rows.map((row) => [
        row.datasetId,
        { settings: mergeSettingsOf(row), totals: totalsOf(byId.get(row.datasetId)) },
      ]),
    );
  });
}

function totalsOf(row: TotalsRow | undefined): MergeTotals {
  return {
    objects: Number(row?.objects ?? 0),
    rows: Number(row?.rows ?? 0),
    bytes: Number(row?.bytes ?? 0),
    doubledBytes: Number(row?.doubled_bytes ?? 0),
  };
}

/**
 * Sets them unless `check` finds problems with all who write to the bucket then. Another folder than
 * merged copies stand in is a problem too. Null when the dataset is gone.
 */
export async function saveMergeSettings(
  database: Database,
  request: {
    readonly datasetId: string;
    readonly settings: MergeSettings;
    readonly place: Place;
  },
  check: (others: readonly WriterFolders[]) => Problem[],
): Promise<Problem[] | null> {
  const { datasetId, settings, place } = request;
  return database.transact(async (transaction) => {
    await lockFolders(transaction);
    const [dataset] = await transaction.$queryRaw<unknown[]>`
      SELECT FROM dataset WHERE id = ${datasetId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    if (!dataset) return null;
    const problems = [
      ...check(await listWriters(transaction, place, datasetId)),
      ...(await folderProblems(transaction, datasetId, settings.folder)),
    ];
    if (problems.length > 0) return problems;
    const { order, smallBytes, targetBytes, ...rest } = settings;
    const data = {
      ...rest,
      ...{ orderKind: order.kind, orderColumns: [...order.columns] },
      ...{ smallBytes: BigInt(smallBytes), targetBytes: BigInt(targetBytes) },
    };
    await transaction.mergeSettings.upsert({
      where: { datasetId },
      create: { datasetId, ...data },
      update: data,
    });
    return [];
  });
}

/** The problem of naming another folder than the one that merged copies stand in. */
export async function checkFolderStays(
  database: Database,
  datasetId: string,
  folder: string,
): Promise<Problem[]> {
  return database.run((prisma) => folderProblems(prisma, datasetId, folder));
}

async function folderProblems(
  transaction: Transaction,
  datasetId: string,
  folder: string,
): Promise<Problem[]> {
  const present = await transaction.mergeSettings.findUnique({ where: { datasetId } });
  if (!present || present.folder === folder) return [];
  const where = { datasetId, outcome: "decided" };
  if ((await transaction.datasetMerge.count({ where })) === 0) return [];
  const message = `Merged copies stand in ${present.folder}, so it stays the merged folder.`;
  return [{ field: "folder", message }];
}
