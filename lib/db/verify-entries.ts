import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { StoredEntry, TaskPlace, VerifyPlace } from "@/lib/core/ports/verify-ledger";
import type { LostReason, Standing } from "@/lib/core/verify-objects";
import type { Database } from "./client";
import { Prisma } from "./generated/client";

/** The ledger in the order in which stores list: by the bytes of the keys, whatever the database's collation. */

type EntryRow = {
  readonly id: string;
  readonly key: string;
  readonly standing: Standing;
  readonly kind: "rows" | "dirty";
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly crc32: string;
  readonly parts: readonly UploadedPart[];
  readonly lane: number;
  readonly batch_number: bigint;
  readonly missing: boolean;
  readonly reopened: boolean;
  readonly lost_because: LostReason | null;
};

/**
 * Each key once: two stores that share a bucket's name may have the same key in the ledger, and then
 * the task's own entry counts, at its own store first.
 *
 * An unpublished object of an acked batch was being delivered again when that was cut off, so it ought
 * to stand; of any other batch it is about to.
 */
export async function listVerifyEntries(
  database: Database,
  place: VerifyPlace,
  request: { folder: string; after: string | null; limit: number; publishedBeforeMs: number },
): Promise<StoredEntry[]> {
  const { bucket, location } = place;
  const publishedBefore = new Date(request.publishedBeforeMs);
  const isOwn = ownedBy(place.subject);
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<EntryRow[]>`
      SELECT DISTINCT ON (o.key COLLATE "C")
             o.id, o.key, o.kind, o.rows, o.bytes, o.crc32, o.parts, o.lane, o.batch_number,
             o.missing_since IS NOT NULL AS missing, o.published_at IS NULL AS reopened, o.lost_because,
             CASE
               WHEN ${isOwn} IS NOT TRUE THEN 'other'
               WHEN o.replaced_at IS NOT NULL OR o.removed_at IS NOT NULL THEN 'replaced'
               -- Goes as soon as whoever replaces it gets to that; until then it may stand.
               WHEN o.replaced_by IS NOT NULL THEN 'pending'
               WHEN o.published_at <= ${publishedBefore}::timestamptz
                 OR (o.published_at IS NULL AND o.batch_number <= c.acked_batch_number)
                 THEN 'expected'
               ELSE 'pending' END AS standing
      FROM delivered_object o LEFT JOIN channel c ON c.id = o.channel_key
      WHERE o.bucket = ${bucket} AND ${under(request.folder, request.after)}
      ORDER BY o.key COLLATE "C", COALESCE(${isOwn}, false) DESC, o.location = ${location} DESC
      LIMIT ${request.limit}`;
    return rows.map(entryFromRow);
  });
}

/** Null, which is not true, of an object that no writer of this kind has. */
function ownedBy({ kind, id }: VerifyPlace["subject"]): Prisma.Sql {
  return kind === "task"
    ? Prisma.sql`(o.task_id = ${id}::uuid)`
    : Prisma.sql`(o.dataset_id = ${id}::uuid)`;
}

/** Bounds that the index knows; the character after a slash is 0. */
function under(folder: string, after: string | null): Prisma.Sql {
  const conditions: Prisma.Sql[] = [];
  if (after !== null) conditions.push(Prisma.sql`o.key COLLATE "C" > ${after}`);
  else if (folder !== "") conditions.push(Prisma.sql`o.key COLLATE "C" >= ${folder}`);
  if (folder !== "") conditions.push(Prisma.sql`o.key COLLATE "C" < ${`${folder.slice(0, -1)}0`}`);
  return conditions.length === 0 ? Prisma.sql`true` : Prisma.join(conditions, " AND ");
}

function entryFromRow(row: EntryRow): StoredEntry {
  return {
    ...{ objectId: row.id, key: row.key, standing: row.standing, kind: row.kind },
    ...{ rows: Number(row.rows), bytes: Number(row.bytes), crc32: row.crc32, parts: row.parts },
    ...{ lane: row.lane, batchNumber: Number(row.batch_number), missing: row.missing },
    ...{ lostBecause: row.lost_because, reopened: row.reopened },
  };
}

export async function listDirtyFolders(
  database: Database,
  { taskId, bucket }: TaskPlace,
): Promise<string[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<{ partition: string }[]>`
      SELECT DISTINCT o.partition FROM delivered_object o
      WHERE o.task_id = ${taskId}::uuid AND o.bucket = ${bucket} AND o.kind = 'dirty'`;
    return rows.map(({ partition }) => partition);
  });
}

export async function countElsewhere(
  database: Database,
  { subject, bucket }: VerifyPlace,
): Promise<number> {
  const owner = subject.kind === "task" ? { taskId: subject.id } : { datasetId: subject.id };
  return database.run((prisma) =>
    prisma.deliveredObject.count({ where: { ...owner, removedAt: null, bucket: { not: bucket } } }),
  );
}

export async function databaseNow(database: Database): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
    return row.now.getTime();
  });
}

export async function findKnownKeys(
  database: Database,
  bucket: string,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<{ key: string }[]>`
      SELECT o.key FROM delivered_object o
      WHERE o.bucket = ${bucket} AND o.key COLLATE "C" = ANY (${[...keys]}::text[])`;
    return new Set(rows.map(({ key }) => key));
  });
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function findKeysOfObjects(
  database: Database,
  objectIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = objectIds.filter((id) => uuidPattern.test(id));
  if (ids.length === 0) return new Map();
  return database.run(async (prisma) => {
    const rows = await prisma.deliveredObject.findMany({
      where: { id: { in: ids } },
      select: { id: true, key: true },
    });
    return new Map(rows.map(({ id, key }) => [id, key]));
  });
}

/** What stands is not lost, whoever brought it back. */
export async function markFound(
  database: Database,
  { missing, standing }: { missing: readonly string[]; standing: readonly string[] },
): Promise<void> {
  await database.run(async (prisma) => {
    if (missing.length > 0) {
      await prisma.$executeRaw`
        UPDATE delivered_object SET missing_since = clock_timestamp()
        WHERE id = ANY (${[...missing]}::uuid[]) AND missing_since IS NULL`;
    }
    if (standing.length > 0) {
      await prisma.$executeRaw`
        UPDATE delivered_object SET missing_since = NULL, lost_because = NULL,
          published_at = COALESCE(published_at, clock_timestamp())
        WHERE id = ANY (${[...standing]}::uuid[])`;
    }
  });
}
