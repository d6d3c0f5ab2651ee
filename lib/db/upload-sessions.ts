import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { UploadSessionFacts } from "@/lib/core/upload-session";
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
import { findStream } from "./stream-sessions";

export type StoredUploadSession = {
  readonly id: string;
  readonly datasetId: string;
  readonly schemaVersion: number;
  /** The partition's folder. */
  readonly partition: string;
  readonly spec: string;
  readonly overwrites: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly facts: UploadSessionFacts;
  /** Blocks that are whole, and what they hold. */
  readonly blocks: number;
  readonly rows: number;
  readonly bytes: number;
};

export type RowFormat = "parquet" | "ndjson" | "csv";

/** A block as it was written last and whole. Without rows it has no object. */
export type StagedBlock = {
  readonly blockId: number;
  readonly objectId: string;
  readonly key: string;
  readonly uploadId: string | null;
  readonly parts: readonly UploadedPart[];
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: string;
  readonly format: RowFormat;
};

export type NewUploadSession = {
  readonly id: string;
  readonly datasetId: string;
  readonly schemaVersion: number;
  readonly partition: string;
  readonly spec: string;
  readonly overwrites: boolean;
  readonly lifetimeMs: number;
};

/** What an overwrite of a partition meets. */
export type PartitionRival = {
  readonly kind: "overwrite" | "stream";
  readonly sessionId: string;
};

/**
 * Makes a session, or gives the rival that keeps it from being made: of an overwrite, another overwrite
 * of the partition or a stream that is on it (T5). Null when the dataset is gone. The dataset's row is locked meanwhile, so of two
 * that are rivals one sees the other.
 */
export async function createUploadSession(
  database: Database,
  session: NewUploadSession,
): Promise<PartitionRival | "made" | null> {
  return database.transact(async (transaction) => {
    const [dataset] = await transaction.$queryRaw<unknown[]>`
      SELECT FROM dataset WHERE id = ${session.datasetId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    if (!dataset) return null;
    const rival = session.overwrites ? await findRival(transaction, session) : null;
    if (rival) return rival;
    await transaction.$executeRaw`
      INSERT INTO upload_session (id, dataset_id, schema_version, partition, spec, overwrites, created_at,
                                  expires_at)
      SELECT ${session.id}::uuid, ${session.datasetId}::uuid, ${session.schemaVersion},
             ${session.partition}, ${session.spec}, ${session.overwrites}, now,
             now + ${session.lifetimeMs} * interval '1 millisecond'
      FROM clock_timestamp() AS now`;
    return "made";
  });
}

async function findRival(
  transaction: Transaction,
  place: { readonly datasetId: string; readonly partition: string },
): Promise<PartitionRival | null> {
  return (await findOverwrite(transaction, place)) ?? (await findStream(transaction, place));
}

/** An overwrite of the partition that may still commit, or is not finished. */
export async function findOverwrite(
  transaction: Transaction,
  place: { readonly datasetId: string; readonly partition: string | null },
): Promise<PartitionRival | null> {
  const [row] = await transaction.$queryRaw<{ id: string }[]>`
    SELECT s.id::text FROM upload_session s LEFT JOIN dataset_commit c ON c.id = s.commit_id
    WHERE s.dataset_id = ${place.datasetId}::uuid AND s.overwrites AND s.aborted_at IS NULL
      AND (${place.partition}::text IS NULL OR s.partition = ${place.partition})
      AND (c.id IS NOT NULL AND c.finished_at IS NULL
           OR c.id IS NULL AND s.expires_at > clock_timestamp())
    LIMIT 1`;
  return row ? { kind: "overwrite", sessionId: row.id } : null;
}

type SessionRow = {
  readonly id: string;
  readonly dataset_id: string;
  readonly schema_version: number;
  readonly partition: string;
  readonly spec: string;
  readonly overwrites: boolean;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly aborted_at: Date | null;
  readonly commit_id: string | null;
  readonly finished_at: Date | null;
  readonly error_code: string | null;
  readonly block_ids: readonly number[];
  readonly blocks: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
};

const selectSession = Prisma.sql`
  SELECT s.id::text, s.dataset_id::text, s.schema_version, s.partition, s.spec, s.overwrites, s.created_at,
         s.expires_at, s.aborted_at, s.commit_id::text, c.finished_at, c.error_code, b.block_ids, b.blocks,
         b.rows, b.bytes
  FROM upload_session s
  LEFT JOIN dataset_commit c ON c.id = s.commit_id
  CROSS JOIN LATERAL (
    SELECT COALESCE(array_agg(b.block_id ORDER BY b.block_id), '{}') AS block_ids, count(*) AS blocks,
           COALESCE(sum(b.rows), 0)::bigint AS rows, COALESCE(sum(b.bytes), 0)::bigint AS bytes
    FROM upload_block b WHERE b.session_id = s.id) b`;

export async function getUploadSession(
  database: Database,
  datasetId: string,
  id: string,
): Promise<StoredUploadSession | null> {
  return database.run((prisma) => findSession(prisma, datasetId, id));
}

async function findSession(
  prisma: Transaction,
  datasetId: string,
  id: string,
): Promise<StoredUploadSession | null> {
  const [row] = await prisma.$queryRaw<SessionRow[]>`
    ${selectSession} WHERE s.dataset_id = ${datasetId}::uuid AND s.id = ${id}::uuid`;
  return row ? fromRow(row) : null;
}

/** Locks the session's row until the transaction ends, and gives it as it is then. */
export async function lockUploadSession(
  transaction: Transaction,
  datasetId: string,
  id: string,
): Promise<StoredUploadSession | null> {
  await transaction.$queryRaw`SELECT FROM upload_session WHERE id = ${id}::uuid FOR UPDATE`;
  // Only now: what others did while we waited for the lock has to be seen.
  return findSession(transaction, datasetId, id);
}

/** Newest first. */
export async function listUploadSessions(
  database: Database,
  datasetId: string,
  request: PageRequest,
): Promise<Page<StoredUploadSession>> {
  const limit = clampLimit(request.limit);
  const [instant, id] = request.cursor ? decodeCursor(request.cursor, 2) : [];
  const after = request.cursor
    ? Prisma.sql`AND (s.created_at, s.id) <
        (${cursorInstant(instant)}::timestamptz, ${cursorUuid(id)}::uuid)`
    : Prisma.empty;
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<SessionRow[]>`
      ${selectSession} WHERE s.dataset_id = ${datasetId}::uuid ${after}
      ORDER BY s.created_at DESC, s.id DESC LIMIT ${limit + 1}`;
    return toPage(rows.map(fromRow), limit, (s) => [s.createdAt.getTime(), s.id]);
  });
}

/** Exact. */
export async function countUploadSessions(database: Database, datasetId: string): Promise<number> {
  return database.run((prisma) => prisma.uploadSession.count({ where: { datasetId } }));
}

/** Sessions whose end is still open: they may commit, or their commit is not finished. */
export async function countOpenUploadSessions(
  transaction: Transaction,
  datasetId: string,
): Promise<number> {
  const [row] = await transaction.$queryRaw<[{ count: bigint }]>`
    SELECT count(*) FROM upload_session s LEFT JOIN dataset_commit c ON c.id = s.commit_id
    WHERE s.dataset_id = ${datasetId}::uuid AND s.aborted_at IS NULL
      AND (c.id IS NOT NULL AND c.finished_at IS NULL
           OR c.id IS NULL AND s.expires_at > clock_timestamp())`;
  return Number(row.count);
}

function fromRow(row: SessionRow): StoredUploadSession {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    schemaVersion: row.schema_version,
    partition: row.partition,
    spec: row.spec,
    overwrites: row.overwrites,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    facts: {
      expiresAtMs: row.expires_at.getTime(),
      isAborted: row.aborted_at !== null,
      commit:
        row.commit_id === null
          ? null
          : {
              blockIds: row.block_ids,
              isFinished: row.finished_at !== null,
              isLost: row.error_code === "destination.upload_gone",
            },
    },
    blocks: Number(row.blocks),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
  };
}
