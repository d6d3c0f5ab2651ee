import type { DatasetColumn } from "@/lib/core/dataset";
import { partitionIdleMs } from "@/lib/core/stream-flush";
import {
  type FlushSettings,
  type StreamSessionFacts,
  streamIdleMs,
  streamLifetimeMs,
} from "@/lib/core/stream-session";
import { grantSlots } from "@/lib/core/stream-slots";
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

export type StoredStreamSession = {
  readonly id: string;
  readonly datasetId: string;
  readonly slots: number;
  readonly schemaVersion: number;
  /** Of that version. */
  readonly columns: readonly DatasetColumn[];
  readonly flush: FlushSettings;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastFlushAt: Date | null;
  readonly facts: StreamSessionFacts;
  readonly flushes: number;
  readonly rows: number;
  readonly bytes: number;
  /** That it has written. */
  readonly partitions: number;
};

export type NewStreamSession = {
  readonly id: string;
  readonly datasetId: string;
  readonly slotsAsked: number;
  /** Null: the dataset's. */
  readonly schemaVersion: number | null;
  readonly flush: FlushSettings;
};

export type MadeStreamSession =
  | { readonly kind: "made" }
  | { readonly kind: "dataset_gone" }
  | { readonly kind: "other_version"; readonly datasetVersion: number }
  | { readonly kind: "no_slots"; readonly granted: number };

/** Serialises the granting of slots: of two that ask for the last ones, one gets them. */
const slotsLock = 7_302;

/** Makes a session with its slots, at the dataset's schema version. */
export async function createStreamSession(
  database: Database,
  session: NewStreamSession,
): Promise<MadeStreamSession> {
  return database.transact(async (transaction): Promise<MadeStreamSession> => {
    const [dataset] = await transaction.$queryRaw<{ version: number }[]>`
      SELECT schema_version AS version FROM dataset
      WHERE id = ${session.datasetId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    if (!dataset) return { kind: "dataset_gone" };
    if (session.schemaVersion !== null && session.schemaVersion !== dataset.version) {
      return { kind: "other_version", datasetVersion: dataset.version };
    }
    await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${slotsLock})::text`;
    const granted = await countGrantedSlots(transaction);
    const slots = grantSlots(session.slotsAsked, granted);
    if (slots === null) return { kind: "no_slots", granted };
    await transaction.$executeRaw`
      INSERT INTO stream_session (id, dataset_id, slots, schema_version, columns, flush_bytes, flush_ms,
                                  created_at, expires_at)
      SELECT ${session.id}::uuid, d.id, ${slots}, d.schema_version, d.columns, ${session.flush.bytes},
             ${session.flush.milliseconds}, now, now + ${streamIdleMs} * interval '1 millisecond'
      FROM dataset d, clock_timestamp() AS now WHERE d.id = ${session.datasetId}::uuid`;
    return { kind: "made" };
  });
}

async function countGrantedSlots(transaction: Transaction): Promise<number> {
  const [row] = await transaction.$queryRaw<[{ slots: bigint }]>`
    SELECT COALESCE(sum(slots), 0)::bigint AS slots FROM stream_session
    WHERE ended_at IS NULL AND expires_at > clock_timestamp()`;
  return Number(row.slots);
}

type SessionRow = {
  readonly id: string;
  readonly dataset_id: string;
  readonly slots: number;
  readonly schema_version: number;
  readonly columns: readonly DatasetColumn[];
  readonly flush_bytes: number;
  readonly flush_ms: number;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly ended_at: Date | null;
  readonly last_flush_at: Date | null;
  readonly flushes: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly partitions: bigint;
};

const selectSession = Prisma.sql`
  SELECT s.id::text, s.dataset_id::text, s.slots, s.schema_version, s.columns, s.flush_bytes, s.flush_ms,
         s.created_at, s.expires_at, s.ended_at, s.last_flush_at, s.flushes, s.rows, s.bytes,
         (SELECT count(*) FROM stream_partition p WHERE p.session_id = s.id) AS partitions
  FROM stream_session s`;

export async function getStreamSession(
  database: Database,
  datasetId: string,
  id: string,
): Promise<StoredStreamSession | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<SessionRow[]>`
      ${selectSession} WHERE s.dataset_id = ${datasetId}::uuid AND s.id = ${id}::uuid`;
    return row ? fromRow(row) : null;
  });
}

/** Newest first. Throws `request.invalid` on a foreign cursor. */
export async function listStreamSessions(
  database: Database,
  datasetId: string,
  request: PageRequest,
): Promise<Page<StoredStreamSession>> {
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
export async function countStreamSessions(database: Database, datasetId: string): Promise<number> {
  return database.run((prisma) => prisma.streamSession.count({ where: { datasetId } }));
}

/** What became of a session that was to take the dataset's newest schema version. */
export type TakenVersion = "taken" | "other_version" | "ended";

/** Packs that were read with the former version are refused from now on. */
export async function takeSchemaVersion(
  database: Database,
  request: { readonly datasetId: string; readonly sessionId: string; readonly version: number },
): Promise<TakenVersion> {
  const { datasetId, sessionId, version } = request;
  return database.transact(async (transaction): Promise<TakenVersion> => {
    const [dataset] = await transaction.$queryRaw<{ version: number }[]>`
      SELECT schema_version AS version FROM dataset WHERE id = ${datasetId}::uuid FOR UPDATE`;
    if (dataset?.version !== version) return "other_version";
    const changed = await transaction.$executeRaw`
      UPDATE stream_session s SET schema_version = d.schema_version, columns = d.columns
      FROM dataset d
      WHERE d.id = ${datasetId}::uuid AND s.id = ${sessionId}::uuid AND s.ended_at IS NULL
        AND s.expires_at > clock_timestamp()`;
    return changed > 0 ? "taken" : "ended";
  });
}

/** For good; what it has decided stays. Ending twice is no error. */
export async function endStreamSession(database: Database, sessionId: string): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE stream_session SET ended_at = clock_timestamp()
      WHERE id = ${sessionId}::uuid AND ended_at IS NULL`,
  );
}

/** A session that is on the partition now. */
export async function findStream(
  transaction: Transaction,
  place: { readonly datasetId: string; readonly partition: string },
): Promise<{ readonly kind: "stream"; readonly sessionId: string } | null> {
  const [row] = await transaction.$queryRaw<{ id: string }[]>`
    SELECT s.id::text FROM stream_partition p JOIN stream_session s ON s.id = p.session_id
    WHERE p.dataset_id = ${place.datasetId}::uuid AND p.partition = ${place.partition}
      AND p.written_at > clock_timestamp() - ${partitionIdleMs} * interval '1 millisecond'
      AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
    LIMIT 1`;
  return row ? { kind: "stream", sessionId: row.id } : null;
}

/** Partitions of the dataset that streams are on. */
export async function countStreamedPartitions(
  transaction: Transaction,
  datasetId: string,
): Promise<number> {
  const [row] = await transaction.$queryRaw<[{ count: bigint }]>`
    SELECT count(DISTINCT p.partition)
    FROM stream_partition p JOIN stream_session s ON s.id = p.session_id
    WHERE p.dataset_id = ${datasetId}::uuid
      AND p.written_at > clock_timestamp() - ${partitionIdleMs} * interval '1 millisecond'
      AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()`;
  return Number(row.count);
}

/** Sessions that may still flush, and windows that are decided and not finished. */
export async function countOpenStreams(
  transaction: Transaction,
  datasetId: string,
): Promise<number> {
  const [row] = await transaction.$queryRaw<[{ count: bigint }]>`
    SELECT (SELECT count(*) FROM stream_session
            WHERE dataset_id = ${datasetId}::uuid AND ended_at IS NULL
              AND expires_at > clock_timestamp())
         + (SELECT count(*) FROM dataset_commit
            WHERE dataset_id = ${datasetId}::uuid AND writer = 'stream' AND finished_at IS NULL) AS count`;
  return Number(row.count);
}

/** When a session that flushed just now expires: within its lifetime, and not while it is in use. */
export const expiryAfterFlush = Prisma.sql`
  least(s.created_at + ${streamLifetimeMs} * interval '1 millisecond',
        greatest(s.expires_at, clock_timestamp() + ${streamIdleMs} * interval '1 millisecond'))`;

function fromRow(row: SessionRow): StoredStreamSession {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    slots: row.slots,
    schemaVersion: row.schema_version,
    columns: row.columns,
    flush: { bytes: row.flush_bytes, milliseconds: row.flush_ms },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastFlushAt: row.last_flush_at,
    facts: { expiresAtMs: row.expires_at.getTime(), isEnded: row.ended_at !== null },
    flushes: Number(row.flushes),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    partitions: Number(row.partitions),
  };
}
