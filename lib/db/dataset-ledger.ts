import type { ClaimedCommit, DatasetLedger, ReplacedObject } from "@/lib/core/ports/dataset-ledger";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { Database } from "./client";
import { forgetSessions } from "./forget-sessions";
import { Prisma } from "./generated/client";
import { loseObjects } from "./lose-objects";

type Request<Method extends keyof DatasetLedger> = Parameters<DatasetLedger[Method]>[0];

/** The commits of datasets, for those who finish them. */
export function createDatasetLedger(database: Database): DatasetLedger {
  return {
    claimCommits: (request) => claimCommits(database, request),
    holdCommit: (request) => holdCommit(database, request),
    listUnpublished: (request) => listUnpublished(database, request),
    loseObjects: (request) => loseObjects(database, request),
    markPublished: (request) => markPublished(database, request),
    listReplaced: (request) => listReplaced(database, request),
    markRemoved: (objectIds) => markRemoved(database, objectIds),
    finishCommit: (commitId) => finishCommit(database, commitId),
    saveCommitError: (request) => saveCommitError(database, request),
    forgetSessions: (request) => forgetSessions(database, request),
  };
}

/** Of a commit `c`; a merge's is undone instead (merge-releases.ts). */
const isLost = Prisma.sql`(c.error_code = 'destination.upload_gone' AND c.writer <> 'merge')`;

async function claimCommits(
  database: Database,
  { limit, holdMs }: Request<"claimCommits">,
): Promise<ClaimedCommit[]> {
  return database.run(
    (prisma) => prisma.$queryRaw<ClaimedCommit[]>`
      WITH open AS (
        SELECT c.id FROM dataset_commit c
        WHERE c.finished_at IS NULL AND c.finish_after <= clock_timestamp()
        ORDER BY c.decided_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      UPDATE dataset_commit c
      SET finish_after = clock_timestamp() + ${holdMs} * interval '1 millisecond'
      FROM open, dataset d
      WHERE c.id = open.id AND d.id = c.dataset_id
      RETURNING c.id::text, d.name AS dataset, c.destination_id AS "destinationId", c.attempt`,
  );
}

async function holdCommit(
  database: Database,
  { commitId, holdMs }: Request<"holdCommit">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_commit
      SET finish_after = clock_timestamp() + ${holdMs} * interval '1 millisecond'
      WHERE id = ${commitId}::uuid AND finished_at IS NULL`,
  );
}

type ObjectRow = {
  readonly id: string;
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  readonly partition: string;
  readonly stem: string;
  readonly sequence: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly crc32: string;
  readonly upload_id: string;
  readonly parts: readonly UploadedPart[];
};

async function listUnpublished(
  database: Database,
  { commitId, limit }: Request<"listUnpublished">,
): Promise<DecidedObject[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<ObjectRow[]>`
      SELECT o.id::text, o.location, o.bucket, o.key, o.partition, o.stem, o.sequence, o.rows, o.bytes,
             o.crc32, o.upload_id, o.parts
      FROM delivered_object o
      WHERE o.commit_id = ${commitId}::uuid AND o.published_at IS NULL AND o.removed_at IS NULL
      ORDER BY o.id LIMIT ${limit}`,
  );
  return rows.map(({ id, upload_id, sequence, rows: count, bytes, ...object }) => ({
    ...object,
    objectId: id,
    kind: "rows",
    sequence: Number(sequence),
    rows: Number(count),
    bytes: Number(bytes),
    uploadId: upload_id,
  }));
}

/** And the commit itself, once it has no other object left. */
async function markPublished(
  database: Database,
  { commitId, objectIds }: Request<"markPublished">,
): Promise<void> {
  await database.run(async (prisma) => {
    await prisma.$executeRaw`
      WITH published AS (
        UPDATE delivered_object SET published_at = clock_timestamp()
        WHERE id = ANY (${[...objectIds]}::uuid[]) AND commit_id = ${commitId}::uuid
          AND published_at IS NULL
        RETURNING id, upload_id
      )
      DELETE FROM upload u USING published p WHERE u.object_id = p.id AND u.upload_id = p.upload_id`;
    await prisma.$executeRaw`
      UPDATE dataset_commit c SET published_at = clock_timestamp()
      WHERE c.id = ${commitId}::uuid AND c.published_at IS NULL
        AND NOT EXISTS (SELECT FROM delivered_object o
                        WHERE o.commit_id = c.id AND o.published_at IS NULL)`;
  });
}

/** An object whose own commit lost its upload will never stand there. */
async function listReplaced(
  database: Database,
  { commitId, limit }: Request<"listReplaced">,
): Promise<ReplacedObject[]> {
  return database.run(
    (prisma) => prisma.$queryRaw<ReplacedObject[]>`
      SELECT o.id::text AS "objectId", o.bucket, o.key,
             CASE WHEN o.published_at IS NOT NULL THEN 'visible'
                  WHEN own.error_code = 'destination.upload_gone' THEN 'lost'
                  ELSE 'pending' END AS state
      FROM delivered_object o
      JOIN dataset_commit c ON c.id = o.replaced_by AND c.published_at IS NOT NULL
      LEFT JOIN dataset_commit own ON own.id = o.commit_id
      WHERE o.replaced_by = ${commitId}::uuid AND o.removed_at IS NULL
      ORDER BY o.id LIMIT ${limit}`,
  );
}

async function markRemoved(database: Database, objectIds: readonly string[]): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE delivered_object SET removed_at = clock_timestamp()
      WHERE id = ANY (${[...objectIds]}::uuid[]) AND replaced_by IS NOT NULL AND removed_at IS NULL`,
  );
}

async function finishCommit(database: Database, commitId: string): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_commit c
      SET finished_at = clock_timestamp(),
          error_code = CASE WHEN c.published_at IS NULL THEN c.error_code END,
          error_details = CASE WHEN c.published_at IS NULL THEN c.error_details END
      WHERE c.id = ${commitId}::uuid AND c.finished_at IS NULL
        AND (c.published_at IS NOT NULL OR ${isLost} AND NOT EXISTS (
          SELECT FROM delivered_object o
          WHERE o.commit_id = c.id AND o.published_at IS NULL AND o.removed_at IS NULL))
        AND NOT EXISTS (SELECT FROM delivered_object o
                        WHERE o.replaced_by = c.id AND o.removed_at IS NULL)`,
  );
}

async function saveCommitError(
  database: Database,
  { commitId, error, retryAfterMs }: Request<"saveCommitError">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE dataset_commit c
      SET error_code = CASE WHEN ${isLost} THEN c.error_code ELSE ${error.code} END,
          error_details = CASE WHEN ${isLost} THEN c.error_details
                               ELSE ${JSON.stringify(error.details)}::jsonb END,
          attempt = attempt + 1,
          finish_after = clock_timestamp() + ${retryAfterMs} * interval '1 millisecond'
      WHERE c.id = ${commitId}::uuid AND c.finished_at IS NULL`,
  );
}
