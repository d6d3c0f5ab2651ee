import { answerCommit, type CommitRefusal } from "@/lib/core/upload-session";
import type { Database, Transaction } from "./client";
import { lockUploadSession, type StoredUploadSession } from "./upload-sessions";

export type CommitRequest = {
  readonly commitId: string;
  readonly datasetId: string;
  readonly sessionId: string;
  readonly blockIds: readonly number[];
  /** Where the blocks were staged. */
  readonly destinationId: string;
  readonly location: string;
  readonly bucket: string;
  /** Of this dataset's commits that may be unfinished at a time. */
  readonly unfinishedMax: number;
};

export type UploadDecision =
  | CommitRefusal
  | { readonly kind: "decided" }
  | { readonly kind: "not_found" }
  | { readonly kind: "too_many"; readonly unfinished: number };

/**
 * Decides all blocks of the list, or none: the moment of truth of an upload session (U1, U2). Asking
 * again after an unknown outcome is safe. Locks the dataset's row, so that decides of one dataset come
 * one after the other: what an overwrite takes away is what was decided before it (U5).
 */
export async function commitUpload(
  database: Database,
  request: CommitRequest,
): Promise<UploadDecision> {
  return database.transact(async (transaction): Promise<UploadDecision> => {
    const [dataset] = await transaction.$queryRaw<unknown[]>`
      SELECT FROM dataset WHERE id = ${request.datasetId}::uuid AND deleted_at IS NULL FOR UPDATE`;
    const { datasetId, sessionId } = request;
    const session = dataset ? await lockUploadSession(transaction, datasetId, sessionId) : null;
    if (!session) return { kind: "not_found" };
    const [now] = await transaction.$queryRaw<[{ ms: number }]>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
    const present = await listBlockIds(transaction, sessionId);
    const answer = answerCommit(session.facts, now.ms, request.blockIds, present);
    if (answer.kind !== "decide") return answer;
    const unfinished = await countUnfinished(transaction, datasetId);
    if (unfinished >= request.unfinishedMax) return { kind: "too_many", unfinished };
    await insertCommit(transaction, request, session);
    await insertObjects(transaction, request, session);
    if (session.overwrites) await replaceOthers(transaction, request, session);
    await addTotals(transaction, request);
    await transaction.$executeRaw`
      UPDATE upload_session SET commit_id = ${request.commitId}::uuid WHERE id = ${sessionId}::uuid`;
    return { kind: "decided" };
  });
}

async function listBlockIds(transaction: Transaction, sessionId: string): Promise<number[]> {
  const rows = await transaction.uploadBlock.findMany({
    where: { sessionId },
    select: { blockId: true },
    orderBy: { blockId: "asc" },
  });
  return rows.map(({ blockId }) => blockId);
}

async function countUnfinished(transaction: Transaction, datasetId: string): Promise<number> {
  const where = { datasetId, finishedAt: null, writer: { not: "merge" } };
  return transaction.datasetCommit.count({ where });
}

async function insertCommit(
  transaction: Transaction,
  request: CommitRequest,
  session: StoredUploadSession,
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO dataset_commit (id, dataset_id, writer, session_id, destination_id, overwrites, objects, rows,
                                bytes, decided_at, finish_after)
    SELECT ${request.commitId}::uuid, ${request.datasetId}::uuid, 'upload', ${request.sessionId}::uuid,
           ${request.destinationId}, ${session.overwrites}, count(*), COALESCE(sum(b.rows), 0),
           COALESCE(sum(b.bytes), 0), clock_timestamp(), clock_timestamp()
    FROM upload_block b WHERE b.session_id = ${request.sessionId}::uuid AND b.rows > 0`;
}

/** A block is one object; its stem is the session's own, so its sequence is the block's number + 1. */
async function insertObjects(
  transaction: Transaction,
  request: CommitRequest,
  session: StoredUploadSession,
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO delivered_object (id, dataset_id, commit_id, kind, location, bucket, key, partition, stem,
                                  lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at)
    SELECT b.object_id, c.dataset_id, c.id, 'rows', ${request.location}, ${request.bucket}, b.key,
           ${session.partition}, regexp_replace(b.key, '__[0-9]+[.]parquet$', ''), 0, b.block_id + 1, b.rows,
           b.bytes, b.crc32, b.upload_id, b.parts, c.decided_at
    FROM upload_block b JOIN dataset_commit c ON c.id = ${request.commitId}::uuid
    WHERE b.session_id = ${request.sessionId}::uuid AND b.rows > 0`;
}

/**
 * What was decided in the partition before is replaced, published or not, and with it the merged copies
 * of its rows, which count for nothing as long as their originals stand.
 */
async function replaceOthers(
  transaction: Transaction,
  { commitId, datasetId }: CommitRequest,
  { partition }: StoredUploadSession,
): Promise<void> {
  await transaction.$executeRaw`
    WITH replaced AS (
      UPDATE delivered_object SET replaced_by = ${commitId}::uuid
      WHERE dataset_id = ${datasetId}::uuid AND partition = ${partition} AND replaced_by IS NULL
        AND commit_id <> ${commitId}::uuid
      RETURNING rows, bytes, kind
    )
    UPDATE dataset d SET objects = d.objects - r.objects, rows = d.rows - r.rows, bytes = d.bytes - r.bytes
    FROM (SELECT count(*) AS objects, COALESCE(sum(rows), 0) AS rows, COALESCE(sum(bytes), 0) AS bytes
          FROM replaced WHERE kind = 'rows') r
    WHERE d.id = ${datasetId}::uuid`;
  await transaction.$executeRaw`
    UPDATE dataset_merge SET overwritten_by = ${commitId}::uuid
    WHERE dataset_id = ${datasetId}::uuid AND partition = ${partition} AND outcome = 'decided'
      AND overwritten_by IS NULL`;
}

async function addTotals(transaction: Transaction, { commitId }: CommitRequest): Promise<void> {
  await transaction.$executeRaw`
    UPDATE dataset d
    SET objects = d.objects + c.objects, rows = d.rows + c.rows, bytes = d.bytes + c.bytes
    FROM dataset_commit c WHERE c.id = ${commitId}::uuid AND d.id = c.dataset_id`;
}

/** Whether the session's commit is finished; null while there is none. */
export async function readCommitState(
  database: Database,
  sessionId: string,
): Promise<{ readonly finished: boolean; readonly lost: boolean } | null> {
  return database.run(async (prisma) => {
    const session = await prisma.uploadSession.findUnique({ where: { id: sessionId } });
    if (!session?.commitId) return null;
    const commit = await prisma.datasetCommit.findUnique({ where: { id: session.commitId } });
    if (!commit) return null;
    const lost = commit.errorCode === "destination.upload_gone";
    return { finished: commit.finishedAt !== null, lost };
  });
}
