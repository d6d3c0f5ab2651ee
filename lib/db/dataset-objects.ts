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

/** Whose objects: what sessions wrote into a dataset, or what a task delivered. */
export type ObjectOwner =
  | { readonly kind: "dataset"; readonly id: string }
  | { readonly kind: "task"; readonly id: string };

export type DatasetObject = {
  readonly id: string;
  readonly key: string;
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: string;
  readonly writer: "task" | "upload" | "stream" | "merge";
  readonly decidedAt: Date;
  readonly publishedAt: Date | null;
};

/** Objects of rows that nothing has replaced. */
export function ownedBy(owner: ObjectOwner): Prisma.Sql {
  const column = owner.kind === "dataset" ? Prisma.sql`o.dataset_id` : Prisma.sql`o.task_id`;
  return Prisma.sql`${column} = ${owner.id}::uuid AND o.kind = 'rows' AND o.replaced_by IS NULL
    AND o.replaced_at IS NULL`;
}

type ObjectRow = Omit<DatasetObject, "rows" | "bytes"> & {
  readonly rows: bigint;
  readonly bytes: bigint;
};

/** Newest first. Throws `request.invalid` on a foreign cursor. */
export async function listDatasetObjects(
  database: Database,
  owner: ObjectOwner,
  request: PageRequest,
): Promise<Page<DatasetObject>> {
  const limit = clampLimit(request.limit);
  const [instant, id] = request.cursor ? decodeCursor(request.cursor, 2) : [];
  const after = request.cursor
    ? Prisma.sql`AND (o.decided_at, o.id) <
        (${cursorInstant(instant)}::timestamptz, ${cursorUuid(id)}::uuid)`
    : Prisma.empty;
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<ObjectRow[]>`
      SELECT o.id::text, o.key, o.partition, o.rows, o.bytes, o.crc32, o.decided_at AS "decidedAt",
             o.published_at AS "publishedAt", COALESCE(c.writer, 'task') AS writer
      FROM delivered_object o LEFT JOIN dataset_commit c ON c.id = o.commit_id
      WHERE ${ownedBy(owner)} ${after}
      ORDER BY o.decided_at DESC, o.id DESC LIMIT ${limit + 1}`;
    const objects = rows.map((row) => ({
      ...row,
      rows: Number(row.rows),
      bytes: Number(row.bytes),
    }));
    return toPage(objects, limit, (object) => [object.decidedAt.getTime(), object.id]);
  });
}

export type DatasetPartitionTotals = {
  readonly folder: string;
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  readonly lastDecidedAt: Date;
};

type PartitionRow = {
  readonly folder: string;
  readonly objects: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly lastDecidedAt: Date;
};

/** Folders in the order of their bytes, each with what was decided in it and stands. */
export async function listPartitions(
  database: Database,
  owner: ObjectOwner,
  request: PageRequest,
): Promise<Page<DatasetPartitionTotals>> {
  const limit = clampLimit(request.limit);
  const after = request.cursor ? String(decodeCursor(request.cursor, 1)[0]) : "";
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<PartitionRow[]>`
      SELECT o.partition AS folder, count(*) AS objects, sum(o.rows)::bigint AS rows,
             sum(o.bytes)::bigint AS bytes, max(o.decided_at) AS "lastDecidedAt"
      FROM delivered_object o
      WHERE ${ownedBy(owner)} AND o.partition COLLATE "C" > ${after}
      GROUP BY o.partition ORDER BY o.partition COLLATE "C" LIMIT ${limit + 1}`;
    const partitions = rows.map((row) => ({
      ...row,
      objects: Number(row.objects),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
    }));
    return toPage(partitions, limit, ({ folder }) => [folder]);
  });
}

/** Exact. */
export async function countPartitions(database: Database, owner: ObjectOwner): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ count: bigint }]>`
      SELECT count(DISTINCT o.partition) FROM delivered_object o WHERE ${ownedBy(owner)}`;
    return Number(row.count);
  });
}

/** Exact: objects of rows that nothing has replaced. */
export async function countDatasetObjects(database: Database, owner: ObjectOwner): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ count: bigint }]>`
      SELECT count(*) FROM delivered_object o WHERE ${ownedBy(owner)}`;
    return Number(row.count);
  });
}
