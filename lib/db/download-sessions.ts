import type { DatasetColumn } from "@/lib/core/dataset";
import type { Database } from "./client";
import { type ObjectOwner, ownedBy } from "./dataset-objects";
import { Prisma } from "./generated/client";

export type NewDownloadSession = {
  readonly id: string;
  readonly owner: ObjectOwner;
  readonly destinationId: string;
  /** The folder; null for all. */
  readonly partition: string | null;
  readonly columns: readonly DatasetColumn[];
  readonly partitionColumns: readonly string[];
  readonly lifetimeMs: number;
};

export type StoredDownloadSession = {
  readonly id: string;
  readonly destinationId: string;
  readonly partition: string | null;
  readonly columns: readonly DatasetColumn[];
  readonly partitionColumns: readonly string[];
  readonly objects: number;
  readonly rows: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** Sessions that nobody can read any more are swept when others are made. */
const keptAfterExpiry = "1 day";

/**
 * Keeps which objects are visible now, in the order in which they were decided. The list is copied, not
 * remembered as an instant: what a transaction that is still open publishes would move later rows.
 */
export async function createDownloadSession(
  database: Database,
  session: NewDownloadSession,
): Promise<void> {
  const { id, owner, partition } = session;
  await database.transact(async (transaction) => {
    await transaction.$executeRaw`
      DELETE FROM download_session
      WHERE expires_at < clock_timestamp() - ${keptAfterExpiry}::interval`;
    // Whoever takes originals away looks for downloads of them under the same lock.
    await transaction.$queryRaw`SELECT FROM dataset WHERE id = ${owner.id}::uuid FOR SHARE`;
    await transaction.$executeRaw`
      INSERT INTO download_session (id, owner_id, destination_id, partition, columns, partition_columns,
                                    objects, rows, created_at, expires_at)
      SELECT ${id}::uuid, ${owner.id}::uuid, ${session.destinationId}, ${partition},
             ${JSON.stringify(session.columns)}::jsonb, ${[...session.partitionColumns]}::text[], 0, 0, now,
             now + ${session.lifetimeMs} * interval '1 millisecond'
      FROM clock_timestamp() AS now`;
    await transaction.$executeRaw`
      WITH kept AS (
        INSERT INTO download_object (session_id, first_row, object_id)
        SELECT ${id}::uuid,
               COALESCE(sum(o.rows) OVER (ORDER BY o.decided_at, o.id
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), o.id
        FROM delivered_object o
        WHERE ${ownedBy(owner)} AND o.published_at IS NOT NULL
          AND (${partition}::text IS NULL OR o.partition = ${partition})
        RETURNING object_id
      )
      UPDATE download_session SET (objects, rows) =
        (SELECT count(*), COALESCE(sum(o.rows), 0)
         FROM kept JOIN delivered_object o ON o.id = kept.object_id)
      WHERE id = ${id}::uuid`;
  });
}

export async function getDownloadSession(
  database: Database,
  ownerId: string,
  id: string,
): Promise<StoredDownloadSession | null> {
  return database.run(async (prisma) => {
    const row = await prisma.downloadSession.findFirst({ where: { id, ownerId } });
    if (!row) return null;
    const { columns, objectCount, rows, ...session } = row;
    return {
      ...session,
      columns: columns as unknown as readonly DatasetColumn[],
      objects: Number(objectCount),
      rows: Number(rows),
    };
  });
}

/** An object of a snapshot as a read needs it. */
export type DownloadObject = {
  readonly firstRow: number;
  readonly rows: number;
  readonly bytes: number;
  readonly key: string;
  readonly partition: string;
  /** An overwrite takes it away, or has. */
  readonly isReplaced: boolean;
};

type ObjectRow = {
  readonly first_row: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly key: string;
  readonly partition: string;
  readonly is_replaced: boolean;
};

/** Those that rows [from, to) lie in, in order. */
export async function listDownloadObjects(
  database: Database,
  request: { readonly sessionId: string; readonly from: number; readonly to: number },
): Promise<DownloadObject[]> {
  const { sessionId, from, to } = request;
  const rows = await database.run((prisma) =>
    prisma.$queryRaw<ObjectRow[]>(Prisma.sql`
      SELECT d.first_row, o.rows, o.bytes, o.key, o.partition,
             o.replaced_by IS NOT NULL OR o.replaced_at IS NOT NULL AS is_replaced
      FROM download_object d JOIN delivered_object o ON o.id = d.object_id
      WHERE d.session_id = ${sessionId}::uuid AND d.first_row < ${BigInt(to)}
        AND d.first_row + o.rows > ${BigInt(from)}
      ORDER BY d.first_row`),
  );
  return rows.map((row) => ({
    firstRow: Number(row.first_row),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    key: row.key,
    partition: row.partition,
    isReplaced: row.is_replaced,
  }));
}
