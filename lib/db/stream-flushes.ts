import type { Database } from "./client";
import { Prisma } from "./generated/client";

/** A flush that was decided. */
export type StoredFlush = {
  readonly flushId: string;
  readonly contentHash: string;
  /** The partition's folder. */
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  readonly decidedAt: Date;
  /** What its rows went into; null without rows. */
  readonly object: { readonly commitId: string; readonly id: string; readonly key: string } | null;
};

type FlushRow = {
  readonly flush_id: string;
  readonly content_hash: string;
  readonly partition: string;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly decided_at: Date;
  readonly commit_id: string | null;
  readonly object_id: string | null;
  readonly key: string | null;
};

/** A window is one object, so its commit names the flush's. */
const selectFlush = Prisma.sql`
  SELECT f.flush_id, f.content_hash, f.partition, f.rows, f.bytes, f.decided_at, f.commit_id::text,
         o.id::text AS object_id, o.key
  FROM stream_flush f LEFT JOIN delivered_object o ON o.commit_id = f.commit_id`;

export async function getFlush(
  database: Database,
  sessionId: string,
  flushId: string,
): Promise<StoredFlush | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<FlushRow[]>`
      ${selectFlush} WHERE f.session_id = ${sessionId}::uuid AND f.flush_id = ${flushId}`;
    return row ? fromRow(row) : null;
  });
}

/**
 * The same when whoever decides at this moment has to be waited for: of a session that has ended, a
 * flush that is not recorded then never will be (T6).
 */
export async function getFlushForGood(
  database: Database,
  sessionId: string,
  flushId: string,
): Promise<StoredFlush | null> {
  return database.transact(async (transaction) => {
    await transaction.$queryRaw`
      SELECT FROM stream_session WHERE id = ${sessionId}::uuid FOR UPDATE`;
    const [row] = await transaction.$queryRaw<FlushRow[]>`
      ${selectFlush} WHERE f.session_id = ${sessionId}::uuid AND f.flush_id = ${flushId}`;
    return row ? fromRow(row) : null;
  });
}

function fromRow(row: FlushRow): StoredFlush {
  const { commit_id: commitId, object_id: id, key } = row;
  return {
    flushId: row.flush_id,
    contentHash: row.content_hash,
    partition: row.partition,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    decidedAt: row.decided_at,
    object: commitId !== null && id !== null && key !== null ? { commitId, id, key } : null,
  };
}

/** How far a window has come on its way to readers. */
export type CommitProgress = {
  readonly commitId: string;
  readonly publishedAt: Date | null;
  /** The store lost its upload: it will never be visible. */
  readonly isLost: boolean;
};

/** Of these commits, those of which there is something to tell. */
export async function listCommitProgress(
  database: Database,
  commitIds: readonly string[],
): Promise<CommitProgress[]> {
  return database.run(
    (prisma) => prisma.$queryRaw<CommitProgress[]>`
      SELECT id::text AS "commitId", published_at AS "publishedAt",
             error_code IS NOT DISTINCT FROM 'destination.upload_gone' AS "isLost"
      FROM dataset_commit
      WHERE id = ANY (${[...commitIds]}::uuid[])
        AND (published_at IS NOT NULL OR error_code = 'destination.upload_gone')`,
  );
}
