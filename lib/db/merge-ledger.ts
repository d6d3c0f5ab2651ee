import type { DatasetColumn } from "@/lib/core/dataset";
import type { AppError } from "@/lib/core/error";
import type { MergeOrderKind, MergeSettings } from "@/lib/core/merge-settings";
import type {
  ClaimedMerge,
  MergeInput,
  MergeLedger,
  UnmergedPartition,
} from "@/lib/core/ports/merge-ledger";
import type { Compression } from "@/lib/core/schema-mapping";
import type { Database } from "./client";
import { decideMerge } from "./decide-merge";
import { Prisma } from "./generated/client";
import {
  listReleasable,
  releaseOriginals,
  saveReleaseError,
  undoLostMerges,
} from "./merge-releases";
import { forgetUpload, logBlockUpload, logUploadId } from "./uploads";

type Request<Method extends keyof MergeLedger> = Parameters<MergeLedger[Method]>[0];

/** Merges, for the workers that carry them out. */
export function createMergeLedger(database: Database): MergeLedger {
  return {
    listUnmerged: (limit) => listUnmerged(database, limit),
    openMerge: (request) => openMerge(database, request),
    claimMerge: (request) => claimMerge(database, request),
    listInputs: (merge, limit) => listInputs(database, merge, limit),
    beginMerge: (merge, inputs) => beginMerge(database, merge, inputs),
    holdMerge: (merge, holdMs) => holdMerge(database, merge, holdMs),
    logUpload: (request) => logBlockUpload(database, request),
    logUploadId: (request) => logUploadId(database, request),
    forgetUpload: (request) => forgetUpload(database, request),
    decideMerge: (request) => decideMerge(database, request),
    endMerge: (merge) => endMerge(database, merge),
    postponeMerge: (...request) => postponeMerge(database, ...request),
    listReleasable: (limit) => listReleasable(database, limit),
    releaseOriginals: (mergeId) => releaseOriginals(database, mergeId),
    saveReleaseError: (request) => saveReleaseError(database, request),
    undoLostMerges: () => undoLostMerges(database),
  };
}

/** Columns of merge_settings `s` as a claim needs them. */
const settingsColumns = Prisma.sql`
  s.is_enabled, s.folder AS merge_folder, s.order_kind, s.order_columns, s.small_bytes, s.objects_min,
  s.target_bytes, s.row_group_rows, s.originals, s.grace_seconds`;

type SettingsRow = {
  readonly is_enabled: boolean;
  readonly merge_folder: string;
  readonly order_kind: MergeOrderKind;
  readonly order_columns: readonly string[];
  readonly small_bytes: bigint;
  readonly objects_min: number;
  readonly target_bytes: bigint;
  readonly row_group_rows: number | null;
  readonly originals: MergeSettings["originals"];
  readonly grace_seconds: number;
};

function settingsFrom(row: SettingsRow): MergeSettings {
  return {
    isEnabled: row.is_enabled,
    folder: row.merge_folder,
    order: { kind: row.order_kind, columns: row.order_columns },
    smallBytes: Number(row.small_bytes),
    objectsMin: row.objects_min,
    targetBytes: Number(row.target_bytes),
    rowGroupRows: row.row_group_rows,
    originals: row.originals,
    graceSeconds: row.grace_seconds,
  };
}

type UnmergedRow = SettingsRow & {
  readonly dataset_id: string;
  readonly partition: string;
  readonly objects: bigint;
  readonly small_objects: bigint;
  readonly bytes: bigint;
};

async function listUnmerged(database: Database, limit: number): Promise<UnmergedPartition[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<UnmergedRow[]>`
      SELECT d.id::text AS dataset_id, o.partition, o.objects, o.small_objects, o.bytes, ${settingsColumns}
      FROM merge_settings s JOIN dataset d ON d.id = s.dataset_id AND d.deleted_at IS NULL
      CROSS JOIN LATERAL (
        SELECT o.partition, count(*) AS objects, sum(o.bytes)::bigint AS bytes,
               count(*) FILTER (WHERE o.bytes < s.small_bytes) AS small_objects
        FROM delivered_object o
        WHERE o.dataset_id = d.id AND o.kind = 'rows' AND o.merged_by IS NULL AND o.replaced_by IS NULL
          AND o.published_at IS NOT NULL
        GROUP BY o.partition
        -- As isMergeDue says, so that partitions that wait do not fill the list.
        HAVING count(*) FILTER (WHERE o.bytes < s.small_bytes) < count(*)
          OR count(*) >= s.objects_min OR sum(o.bytes) >= s.target_bytes) o
      WHERE s.is_enabled AND NOT EXISTS (
        SELECT FROM dataset_merge m
        WHERE m.dataset_id = d.id AND m.partition = o.partition AND m.ended_at IS NULL)
      ORDER BY o.objects DESC, o.partition LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    datasetId: row.dataset_id,
    partition: row.partition,
    settings: settingsFrom(row),
    facts: {
      objects: Number(row.objects),
      smallObjects: Number(row.small_objects),
      bytes: Number(row.bytes),
    },
  }));
}

async function openMerge(
  database: Database,
  { mergeId, datasetId, partition }: Request<"openMerge">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      INSERT INTO dataset_merge (id, dataset_id, partition, is_asked, requested_at, order_columns)
      VALUES (${mergeId}::uuid, ${datasetId}::uuid, ${partition}, false, clock_timestamp(), '{}')
      ON CONFLICT (dataset_id, partition) WHERE ended_at IS NULL DO NOTHING`,
  );
}

type ClaimRow = SettingsRow & {
  readonly id: string;
  readonly epoch: bigint;
  readonly attempt: number;
  readonly is_asked: boolean;
  readonly dataset_id: string;
  readonly name: string;
  readonly destination_id: string;
  readonly folder: string;
  readonly partition: string;
  readonly columns: readonly DatasetColumn[];
  readonly compression: Compression;
};

async function claimMerge(
  database: Database,
  { workerId, holdMs }: Request<"claimMerge">,
): Promise<ClaimedMerge | null> {
  const [row] = await database.run(
    (prisma) => prisma.$queryRaw<ClaimRow[]>`
      WITH open AS (
        SELECT m.id FROM dataset_merge m
        JOIN dataset d ON d.id = m.dataset_id AND d.deleted_at IS NULL
        JOIN merge_settings s ON s.dataset_id = d.id
        WHERE m.ended_at IS NULL AND (s.is_enabled OR m.is_asked)
          AND (m.hold_until IS NULL OR m.hold_until <= clock_timestamp())
          AND (m.next_try_at IS NULL OR m.next_try_at <= clock_timestamp())
        ORDER BY m.requested_at, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
      )
      UPDATE dataset_merge m
      SET owner_worker = ${workerId}, epoch = m.epoch + 1, attempt = m.attempt + 1,
          hold_until = clock_timestamp() + ${holdMs} * interval '1 millisecond',
          started_at = COALESCE(m.started_at, clock_timestamp()), next_try_at = NULL
      FROM open, dataset d, merge_settings s
      WHERE m.id = open.id AND d.id = m.dataset_id AND s.dataset_id = d.id
      RETURNING m.id::text, m.epoch, m.attempt, m.is_asked, m.dataset_id::text, d.name, d.destination_id,
                d.folder, m.partition, d.columns, d.compression, ${settingsColumns}`,
  );
  if (!row) return null;
  return {
    ...{ mergeId: row.id, workerId, epoch: Number(row.epoch), attempt: row.attempt },
    ...{ isAsked: row.is_asked, datasetId: row.dataset_id, dataset: row.name },
    ...{ destinationId: row.destination_id, folder: row.folder, partition: row.partition },
    ...{ settings: settingsFrom(row), columns: row.columns, compression: row.compression },
  };
}

type InputRow = Omit<MergeInput, "rows" | "bytes"> & {
  readonly rows: bigint;
  readonly bytes: bigint;
};

async function listInputs(
  database: Database,
  { datasetId, partition }: ClaimedMerge,
  limit: number,
): Promise<MergeInput[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<InputRow[]>`
      SELECT o.id::text AS "objectId", o.bucket, o.key, o.rows, o.bytes, o.crc32
      FROM delivered_object o
      WHERE o.dataset_id = ${datasetId}::uuid AND o.partition = ${partition} AND o.kind = 'rows'
        AND o.merged_by IS NULL AND o.replaced_by IS NULL AND o.published_at IS NOT NULL
      ORDER BY o.decided_at, o.id LIMIT ${limit}`,
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows), bytes: Number(row.bytes) }));
}

/** The row, as long as it is this worker's and has not ended. */
function held({ mergeId, workerId, epoch }: ClaimedMerge): Prisma.Sql {
  return Prisma.sql`id = ${mergeId}::uuid AND owner_worker = ${workerId} AND epoch = ${BigInt(epoch)}
    AND ended_at IS NULL`;
}

async function beginMerge(
  database: Database,
  merge: ClaimedMerge,
  inputs: readonly MergeInput[],
): Promise<boolean> {
  const { kind, columns } = merge.settings.order;
  const sum = (of: (input: MergeInput) => number) =>
    BigInt(inputs.reduce((total, input) => total + of(input), 0));
  const changed = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_merge
      SET order_kind = ${kind}, order_columns = ${[...columns]}::text[],
          input_objects = ${BigInt(inputs.length)}, input_rows = ${sum(({ rows }) => rows)},
          input_bytes = ${sum(({ bytes }) => bytes)}
      WHERE ${held(merge)}`,
  );
  return changed > 0;
}

async function holdMerge(
  database: Database,
  merge: ClaimedMerge,
  holdMs: number,
): Promise<boolean> {
  const changed = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_merge
      SET hold_until = clock_timestamp() + ${holdMs} * interval '1 millisecond'
      WHERE ${held(merge)}`,
  );
  return changed > 0;
}

async function endMerge(database: Database, merge: ClaimedMerge): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_merge
      SET ended_at = clock_timestamp(), outcome = 'nothing', error_code = NULL, error_details = NULL
      WHERE ${held(merge)}`,
  );
}

async function postponeMerge(
  database: Database,
  merge: ClaimedMerge,
  error: AppError | null,
  retryAfterMs: number,
): Promise<void> {
  const details = error === null ? null : JSON.stringify(error.details);
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_merge
      SET owner_worker = NULL, hold_until = NULL, error_code = ${error?.code ?? null},
          error_details = ${details}::jsonb,
          next_try_at = clock_timestamp() + ${retryAfterMs} * interval '1 millisecond'
      WHERE ${held(merge)}`,
  );
}
