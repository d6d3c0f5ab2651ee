import type { Database } from "./client";
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

/** An object of the ledger as people see it. It stands in the bucket once `publishedAt` is set. */
export type DeliveredObjectFacts = {
  readonly id: string;
  readonly kind: "rows" | "dirty";
  readonly bucket: string;
  readonly key: string;
  readonly partition: string;
  readonly lane: number;
  readonly sequence: number;
  readonly batchNumber: number;
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: string;
  readonly decidedAt: Date;
  readonly publishedAt: Date | null;
};

/** Exact, whatever the number of objects: kept with each channel in the transaction that decides. */
export type DeliveredTotals = {
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  readonly dirtyObjects: number;
  readonly dirtyBytes: number;
  /** Decided, not yet seen to stand in the bucket; contained in the counts above. */
  readonly unpublished: number;
};

type ObjectRow = {
  readonly id: string;
  readonly kind: "rows" | "dirty";
  readonly bucket: string;
  readonly key: string;
  readonly partition: string;
  readonly lane: number;
  readonly sequence: bigint;
  readonly batch_number: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly crc32: string;
  readonly decided_at: Date;
  readonly published_at: Date | null;
};

/** Newest first. Throws `request.invalid` on a foreign cursor. */
export async function listDeliveredObjects(
  database: Database,
  taskId: string,
  request: PageRequest & { readonly kind?: "rows" | "dirty" },
): Promise<Page<DeliveredObjectFacts>> {
  const limit = clampLimit(request.limit);
  const conditions = [Prisma.sql`o.task_id = ${taskId}::uuid`];
  if (request.kind) conditions.push(Prisma.sql`o.kind = ${request.kind}`);
  if (request.cursor) conditions.push(afterCursor(request.cursor));
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<ObjectRow[]>`
      SELECT o.id, o.kind, o.bucket, o.key, o.partition, o.lane, o.sequence, o.batch_number, o.rows,
             o.bytes, o.crc32, o.decided_at, o.published_at
      FROM delivered_object o WHERE ${Prisma.join(conditions, " AND ")}
      ORDER BY o.decided_at DESC, o.id DESC LIMIT ${limit + 1}`;
    return toPage(rows.map(objectFromRow), limit, (o) => [o.decidedAt.getTime(), o.id]);
  });
}

function afterCursor(cursor: string): Prisma.Sql {
  const [instant, id] = decodeCursor(cursor, 2);
  return Prisma.sql`(o.decided_at, o.id) <
    (${cursorInstant(instant)}::timestamptz, ${cursorUuid(id)}::uuid)`;
}

/** Of a task that exists: the totals go with its channels, the ledger's rows stay. */
export async function sumDeliveredObjects(
  database: Database,
  taskId: string,
): Promise<DeliveredTotals> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[Record<keyof DeliveredTotals, bigint | Prisma.Decimal>]>`
      SELECT COALESCE(sum(c.objects), 0) AS objects, COALESCE(sum(c.rows), 0) AS rows,
             COALESCE(sum(c.bytes), 0) AS bytes, COALESCE(sum(c.dirty_objects), 0) AS "dirtyObjects",
             COALESCE(sum(c.dirty_bytes), 0) AS "dirtyBytes",
             (SELECT count(*) FROM channel p
                JOIN batch b ON b.channel_key = p.id AND b.number > p.acked_batch_number
                JOIN delivered_object o ON o.channel_key = b.channel_key AND o.batch_number = b.number
              WHERE p.task_id = ${taskId}::uuid AND o.published_at IS NULL) AS unpublished
      FROM channel c WHERE c.task_id = ${taskId}::uuid`;
    return {
      objects: Number(row.objects),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      dirtyObjects: Number(row.dirtyObjects),
      dirtyBytes: Number(row.dirtyBytes),
      unpublished: Number(row.unpublished),
    };
  });
}

function objectFromRow(row: ObjectRow): DeliveredObjectFacts {
  return {
    id: row.id,
    kind: row.kind,
    bucket: row.bucket,
    key: row.key,
    partition: row.partition,
    lane: row.lane,
    sequence: Number(row.sequence),
    batchNumber: Number(row.batch_number),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    crc32: row.crc32,
    decidedAt: row.decided_at,
    publishedAt: row.published_at,
  };
}

/** Folders that rows of the task were published in, newest names first, at most `limit`. Reads the task's whole ledger. */
export async function listPublishedPartitions(
  database: Database,
  taskId: string,
  limit: number,
): Promise<string[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<{ partition: string }[]>`
      SELECT DISTINCT o.partition FROM delivered_object o
      WHERE o.task_id = ${taskId}::uuid AND o.kind = 'rows' AND o.published_at IS NOT NULL
      ORDER BY o.partition DESC LIMIT ${limit}`;
    return rows.map(({ partition }) => partition);
  });
}
