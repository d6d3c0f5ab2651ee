import type { UploadedPart } from "@/lib/core/ports/object-store";
import {
  canDecide,
  type FlushVerdict,
  judgeFlush,
  streamedPartitionsMax,
} from "@/lib/core/stream-flush";
import { type StreamSessionStatus, streamSessionStatus } from "@/lib/core/stream-session";
import type { Database, Transaction } from "./client";
import { countStreamedPartitions, expiryAfterFlush, findStream } from "./stream-sessions";
import { findOverwrite } from "./upload-sessions";

/** A pack of the window. */
export type DecidedPack = {
  readonly sessionId: string;
  readonly flushId: string;
  readonly contentHash: string;
  /** The one that it was read with. */
  readonly schemaVersion: number;
  readonly rows: number;
  readonly bytes: number;
};

export type StreamDecision = {
  readonly commitId: string;
  readonly datasetId: string;
  /** The partition's folder. */
  readonly partition: string;
  /** Each flush id once. */
  readonly packs: readonly DecidedPack[];
  readonly destinationId: string;
  readonly location: string;
  readonly bucket: string;
  /** What was staged of them. Without rows there is no upload, and nothing to make visible. */
  readonly object: {
    readonly objectId: string;
    readonly key: string;
    readonly stem: string;
    readonly uploadId: string | null;
    readonly parts: readonly UploadedPart[];
    readonly rows: number;
    readonly bytes: number;
    readonly crc32: string;
  };
};

export type StreamAnswer =
  | { readonly kind: "decided"; readonly decidedAt: Date }
  /** Nothing of the window was decided; for each pack, in order, what it is to be told. */
  | {
      readonly kind: "left_out";
      readonly verdicts: readonly FlushVerdict[];
      /** Null: the dataset is gone. */
      readonly datasetVersion: number | null;
    };

/**
 * Decides all packs of a window, or none: the moment of truth of a flush (T2–T6). Asking again after an
 * unknown outcome is safe. Locks the dataset's row, so that decides of one dataset come one after the
 * other, and then its sessions' rows.
 */
export async function decideStream(
  database: Database,
  request: StreamDecision,
): Promise<StreamAnswer> {
  return database.transact(async (transaction): Promise<StreamAnswer> => {
    const [dataset] = await transaction.$queryRaw<{ version: number }[]>`
      SELECT schema_version AS version FROM dataset
      WHERE id = ${request.datasetId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    const decidedAt = await findDecided(transaction, request.commitId);
    if (decidedAt) return { kind: "decided", decidedAt };
    const verdicts = await judgePacks(transaction, request, dataset?.version ?? null);
    if (!canDecide(verdicts)) {
      return { kind: "left_out", verdicts, datasetVersion: dataset?.version ?? null };
    }
    return { kind: "decided", decidedAt: await writeDown(transaction, request) };
  });
}

async function findDecided(transaction: Transaction, commitId: string): Promise<Date | null> {
  const commit = await transaction.datasetCommit.findUnique({ where: { id: commitId } });
  return commit?.decidedAt ?? null;
}

/** In the order of the packs. */
async function judgePacks(
  transaction: Transaction,
  request: StreamDecision,
  datasetVersion: number | null,
): Promise<FlushVerdict[]> {
  const { datasetId, partition, packs } = request;
  const statuses = await lockSessions(transaction, packs);
  const recorded = await listRecorded(transaction, packs);
  const overwrite = await findOverwrite(transaction, { datasetId, partition });
  const isOnePartitionTooMany =
    (await findStream(transaction, { datasetId, partition })) === null &&
    (await countStreamedPartitions(transaction, datasetId)) >= streamedPartitionsMax;
  return packs.map((pack) =>
    judgeFlush(pack, {
      recordedHash: recorded.get(keyOf(pack)) ?? null,
      // A dataset that is gone had no session that was open.
      session: datasetVersion === null ? "ended" : (statuses.get(pack.sessionId) ?? "ended"),
      datasetVersion: datasetVersion ?? 0,
      isOverwritten: overwrite !== null,
      isOnePartitionTooMany,
    }),
  );
}

function keyOf({ sessionId, flushId }: Pick<DecidedPack, "sessionId" | "flushId">): string {
  return `${sessionId}/${flushId}`;
}

/** In one order, so that two never wait for each other. */
async function lockSessions(
  transaction: Transaction,
  packs: readonly DecidedPack[],
): Promise<Map<string, StreamSessionStatus>> {
  const ids = [...new Set(packs.map(({ sessionId }) => sessionId))];
  const rows = await transaction.$queryRaw<
    { id: string; expires_at: Date; ended_at: Date | null; now_ms: number }[]
  >`
    SELECT id::text, expires_at, ended_at,
           (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms
    FROM stream_session WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`;
  return new Map(
    rows.map(({ id, expires_at, ended_at, now_ms }) => {
      const facts = { expiresAtMs: expires_at.getTime(), isEnded: ended_at !== null };
      return [id, streamSessionStatus(facts, now_ms)];
    }),
  );
}

/** The content that was recorded under each of these ids. */
async function listRecorded(
  transaction: Transaction,
  packs: readonly DecidedPack[],
): Promise<Map<string, string>> {
  const rows = await transaction.$queryRaw<
    { sessionId: string; flushId: string; contentHash: string }[]
  >`
    SELECT f.session_id::text AS "sessionId", f.flush_id AS "flushId", f.content_hash AS "contentHash"
    FROM unnest(${packs.map(({ sessionId }) => sessionId)}::uuid[],
                ${packs.map(({ flushId }) => flushId)}::text[]) AS asked (session_id, flush_id)
    JOIN stream_flush f USING (session_id, flush_id)`;
  return new Map(rows.map((row) => [keyOf(row), row.contentHash]));
}

async function writeDown(transaction: Transaction, request: StreamDecision): Promise<Date> {
  const [now] = await transaction.$queryRaw<[{ at: Date }]>`
    SELECT date_trunc('milliseconds', clock_timestamp()) AS at`;
  if (request.object.uploadId !== null) await insertCommit(transaction, request, now.at);
  await insertFlushes(transaction, request, now.at);
  await addToSessions(transaction, request, now.at);
  return now.at;
}

async function insertCommit(
  transaction: Transaction,
  request: StreamDecision,
  at: Date,
): Promise<void> {
  const { commitId, datasetId, object } = request;
  const [rows, bytes] = [BigInt(object.rows), BigInt(object.bytes)];
  await transaction.$executeRaw`
    INSERT INTO dataset_commit (id, dataset_id, writer, session_id, destination_id, overwrites, objects, rows,
                                bytes, decided_at, finish_after)
    VALUES (${commitId}::uuid, ${datasetId}::uuid, 'stream', NULL, ${request.destinationId}, false, 1,
            ${rows}, ${bytes}, ${at}, ${at})`;
  await transaction.$executeRaw`
    INSERT INTO delivered_object (id, dataset_id, commit_id, kind, location, bucket, key, partition, stem,
                                  lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at)
    VALUES (${object.objectId}::uuid, ${datasetId}::uuid, ${commitId}::uuid, 'rows', ${request.location},
            ${request.bucket}, ${object.key}, ${request.partition}, ${object.stem}, 0, 1, ${rows}, ${bytes},
            ${object.crc32}, ${object.uploadId}, ${JSON.stringify(object.parts)}::jsonb, ${at})`;
  await transaction.$executeRaw`
    UPDATE dataset SET objects = objects + 1, rows = rows + ${rows}, bytes = bytes + ${bytes}
    WHERE id = ${datasetId}::uuid`;
}

async function insertFlushes(
  transaction: Transaction,
  { commitId, partition, packs }: StreamDecision,
  at: Date,
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO stream_flush (session_id, flush_id, content_hash, partition, rows, bytes, commit_id,
                              decided_at)
    SELECT p.session_id, p.flush_id, p.content_hash, ${partition}, p.rows, p.bytes,
           CASE WHEN p.rows > 0 THEN ${commitId}::uuid END, ${at}
    FROM unnest(${packs.map(({ sessionId }) => sessionId)}::uuid[],
                ${packs.map(({ flushId }) => flushId)}::text[],
                ${packs.map(({ contentHash }) => contentHash)}::text[],
                ${packs.map(({ rows }) => BigInt(rows))}::bigint[],
                ${packs.map(({ bytes }) => BigInt(bytes))}::bigint[])
      AS p (session_id, flush_id, content_hash, rows, bytes)`;
}

async function addToSessions(
  transaction: Transaction,
  { datasetId, partition, packs }: StreamDecision,
  at: Date,
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE stream_session s
    SET flushes = s.flushes + p.flushes, rows = s.rows + p.rows, bytes = s.bytes + p.bytes,
        last_flush_at = ${at}, expires_at = ${expiryAfterFlush}
    FROM (SELECT session_id, count(*) AS flushes, sum(rows)::bigint AS rows, sum(bytes)::bigint AS bytes
          FROM unnest(${packs.map(({ sessionId }) => sessionId)}::uuid[],
                      ${packs.map(({ rows }) => BigInt(rows))}::bigint[],
                      ${packs.map(({ bytes }) => BigInt(bytes))}::bigint[]) AS one (session_id, rows, bytes)
          GROUP BY session_id) p
    WHERE s.id = p.session_id`;
  const ids = [...new Set(packs.map(({ sessionId }) => sessionId))];
  await transaction.$executeRaw`
    INSERT INTO stream_partition (session_id, partition, dataset_id, written_at)
    SELECT id, ${partition}, ${datasetId}::uuid, ${at} FROM unnest(${ids}::uuid[]) AS id
    ON CONFLICT (session_id, partition) DO UPDATE SET written_at = EXCLUDED.written_at`;
}
