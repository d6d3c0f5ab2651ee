import type { ErrorCode } from "@/lib/core/error-codes";
import type { ErrorDetails } from "@/lib/core/error-kind";
import type { PartitionFacts } from "@/lib/core/merge-plan";
import type { MergeOrderKind } from "@/lib/core/merge-settings";
import type { Database, Transaction } from "./client";
import { Prisma } from "./generated/client";
import {
  clampLimit,
  cursorInstant,
  cursorUuid,
  decodeCursor,
  type Page,
  type PageRequest,
  toPage,
} from "./page-cursor";
import { failureFromColumns } from "./stored-error";

export type MergeAmounts = {
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
};

/** A merge as people see it; its state follows from these. */
export type StoredMerge = {
  readonly id: string;
  readonly partition: string;
  readonly isAsked: boolean;
  readonly isHeld: boolean;
  readonly outcome: "decided" | "outdated" | "nothing" | null;
  readonly isOverwritten: boolean;
  readonly order: { readonly kind: MergeOrderKind; readonly columns: readonly string[] } | null;
  readonly inputs: MergeAmounts | null;
  readonly outputBytes: number | null;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly publishedAt: Date | null;
  /** By the settings as they are now. */
  readonly removeAfter: Date | null;
  readonly originalsRemovedAt: Date | null;
  readonly attempt: number;
  readonly nextTryAt: Date | null;
  readonly error: { readonly code: ErrorCode; readonly details: ErrorDetails } | null;
};

type MergeRow = {
  readonly id: string;
  readonly partition: string;
  readonly is_asked: boolean;
  readonly is_held: boolean;
  readonly outcome: StoredMerge["outcome"];
  readonly is_overwritten: boolean;
  readonly order_kind: MergeOrderKind | null;
  readonly order_columns: readonly string[];
  readonly input_objects: bigint | null;
  readonly input_rows: bigint | null;
  readonly input_bytes: bigint | null;
  readonly output_bytes: bigint | null;
  readonly requested_at: Date;
  readonly started_at: Date | null;
  readonly published_at: Date | null;
  readonly remove_after: Date | null;
  readonly removed_at: Date | null;
  readonly attempt: number;
  readonly next_try_at: Date | null;
  readonly error_code: string | null;
  readonly error_details: unknown;
};

/** A commit's own error stands beside the merge's: only one of the two can fail at a time. */
const selectMerge = Prisma.sql`
  SELECT m.id::text, m.partition, m.is_asked, m.outcome, m.order_kind, m.order_columns, m.input_objects,
         m.input_rows, m.input_bytes, m.output_bytes, m.requested_at, m.started_at, c.published_at,
         m.ended_at IS NULL AND m.hold_until > clock_timestamp() AS is_held,
         m.overwritten_by IS NOT NULL AS is_overwritten,
         CASE WHEN s.originals = 'remove' AND m.overwritten_by IS NULL
              THEN c.published_at + s.grace_seconds * interval '1 second' END AS remove_after,
         CASE WHEN m.released_at IS NOT NULL THEN c.finished_at END AS removed_at,
         GREATEST(m.attempt, COALESCE(c.attempt, 0)) AS attempt, m.next_try_at,
         COALESCE(m.error_code, c.error_code) AS error_code,
         COALESCE(m.error_details, c.error_details) AS error_details
  FROM dataset_merge m
  LEFT JOIN dataset_commit c ON c.id = m.id
  LEFT JOIN merge_settings s ON s.dataset_id = m.dataset_id`;

/** Newest first. */
export async function listMerges(
  database: Database,
  datasetId: string,
  request: PageRequest,
): Promise<Page<StoredMerge>> {
  const limit = clampLimit(request.limit);
  const [instant, id] = request.cursor ? decodeCursor(request.cursor, 2) : [];
  const after = request.cursor
    ? Prisma.sql`AND (m.requested_at, m.id) <
        (${cursorInstant(instant)}::timestamptz, ${cursorUuid(id)}::uuid)`
    : Prisma.empty;
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<MergeRow[]>`
      ${selectMerge} WHERE m.dataset_id = ${datasetId}::uuid ${after}
      ORDER BY m.requested_at DESC, m.id DESC LIMIT ${limit + 1}`;
    return toPage(rows.map(fromRow), limit, (one) => [one.requestedAt.getTime(), one.id]);
  });
}

/** Exact. */
export async function countMerges(database: Database, datasetId: string): Promise<number> {
  return database.run((prisma) => prisma.datasetMerge.count({ where: { datasetId } }));
}

export type UnmergedTotals = PartitionFacts & { readonly partition: string; readonly rows: number };

type UnmergedRow = {
  readonly partition: string;
  readonly objects: bigint;
  readonly small_objects: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
};

/** What stands in each partition and is not merged, in the order of the folders' bytes. */
export async function listUnmergedTotals(
  database: Database,
  datasetId: string,
  smallBytes: number,
): Promise<UnmergedTotals[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<UnmergedRow[]>`
      SELECT o.partition, count(*) AS objects, sum(o.rows)::bigint AS rows, sum(o.bytes)::bigint AS bytes,
             count(*) FILTER (WHERE o.bytes < ${BigInt(smallBytes)}) AS small_objects
      FROM delivered_object o
      WHERE o.dataset_id = ${datasetId}::uuid AND o.kind = 'rows' AND o.merged_by IS NULL
        AND o.replaced_by IS NULL AND o.published_at IS NOT NULL
      GROUP BY o.partition ORDER BY o.partition COLLATE "C"`,
  );
  return rows.map((row) => ({
    partition: row.partition,
    objects: Number(row.objects),
    smallObjects: Number(row.small_objects),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
  }));
}

/**
 * Makes a merge for each of these partitions, or marks the one that waits there as asked for and lets it
 * be tried at once. Gives them as they are then.
 */
export async function askForMerges(
  database: Database,
  datasetId: string,
  partitions: readonly string[],
): Promise<StoredMerge[]> {
  const named = [...partitions];
  return database.transact(async (transaction: Transaction) => {
    const made = await transaction.$queryRaw<{ id: string }[]>`
      INSERT INTO dataset_merge AS m (id, dataset_id, partition, is_asked, requested_at, order_columns)
      SELECT gen_random_uuid(), ${datasetId}::uuid, p, true, clock_timestamp(), '{}'
      FROM unnest(${named}::text[]) AS p
      ON CONFLICT (dataset_id, partition) WHERE ended_at IS NULL
      DO UPDATE SET is_asked = true, next_try_at = NULL
      RETURNING m.id::text`;
    const ids = made.map(({ id }) => id);
    const rows = await transaction.$queryRaw<MergeRow[]>`
      ${selectMerge} WHERE m.id = ANY (${ids}::uuid[]) ORDER BY m.partition COLLATE "C"`;
    return rows.map(fromRow);
  });
}

function fromRow(row: MergeRow): StoredMerge {
  const { input_objects: objects, input_rows: rows, input_bytes: bytes } = row;
  const inputs = { objects: Number(objects), rows: Number(rows), bytes: Number(bytes) };
  return {
    ...{ id: row.id, partition: row.partition, isAsked: row.is_asked, isHeld: row.is_held },
    ...{ outcome: row.outcome, isOverwritten: row.is_overwritten },
    order: row.order_kind && { kind: row.order_kind, columns: row.order_columns },
    inputs: objects === null ? null : inputs,
    outputBytes: row.output_bytes === null ? null : Number(row.output_bytes),
    ...{ requestedAt: row.requested_at, startedAt: row.started_at, publishedAt: row.published_at },
    ...{ removeAfter: row.remove_after, originalsRemovedAt: row.removed_at },
    ...{ attempt: row.attempt, nextTryAt: row.next_try_at },
    error: failureFromColumns(row.error_code, row.error_details),
  };
}
