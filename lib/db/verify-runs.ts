import type { ErrorFact } from "@/lib/core/ports/ledger";
import type { VerifyRun, VerifySubject } from "@/lib/core/ports/verify-ledger";
import type { VerifyReport } from "@/lib/core/verify-report";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import { ownerIsGone } from "./worker-leases";

/** Verifications as workers run them. A claim adds one to the epoch, which fences every later write. */

type RunRow = {
  readonly id: string;
  readonly subject: VerifySubject["kind"];
  readonly subject_id: string;
  readonly name: string;
  readonly epoch: bigint;
  readonly reason: VerifyRun["reason"];
  readonly deep: boolean;
  readonly redeliver: boolean;
  readonly asked_at: Date;
  readonly attempt: number;
};

/**
 * Oldest first; of a task or dataset one at a time. The worker's own runs count as free: it runs one at a time,
 * so one that it does not know of is one whose claim was answered to nobody.
 */
export async function claimVerifyRun(
  database: Database,
  workerId: string,
): Promise<VerifyRun | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<RunRow[]>`
      WITH due AS (
        SELECT r.id, COALESCE(t.name, d.name) AS name
        FROM verify_run r
        LEFT JOIN task t ON t.id = r.task_id AND t.desired_state <> 'deleted'
        LEFT JOIN dataset d ON d.id = r.dataset_id AND d.deleted_at IS NULL
        WHERE r.finished_at IS NULL AND COALESCE(t.id, d.id) IS NOT NULL
          AND (r.next_try_at IS NULL OR r.next_try_at <= clock_timestamp())
          AND (r.owner_worker = ${workerId} OR ${ownerIsGone(Prisma.sql`r.owner_worker`)})
          AND EXISTS (SELECT FROM worker me
                      WHERE me.id = ${workerId} AND me.lease_until > clock_timestamp())
          AND NOT EXISTS (
            SELECT FROM verify_run other JOIN worker w ON w.id = other.owner_worker
            WHERE COALESCE(other.task_id, other.dataset_id) = COALESCE(r.task_id, r.dataset_id)
              AND other.id <> r.id AND other.finished_at IS NULL
              AND w.lease_until > clock_timestamp() AND w.id <> ${workerId})
        ORDER BY r.asked_at, r.id
        LIMIT 1
        FOR NO KEY UPDATE OF r SKIP LOCKED
      )
      UPDATE verify_run r SET owner_worker = ${workerId}, epoch = r.epoch + 1,
        attempt = r.attempt + 1, next_try_at = NULL, objects_checked = 0,
        started_at = COALESCE(r.started_at, clock_timestamp())
      FROM due WHERE r.id = due.id
      RETURNING r.id, CASE WHEN r.task_id IS NULL THEN 'dataset' ELSE 'task' END AS subject,
                COALESCE(r.task_id, r.dataset_id)::text AS subject_id, due.name, r.epoch, r.reason, r.deep, r.redeliver,
                r.asked_at, r.attempt`;
    return row ? runFromRow(row, workerId) : null;
  });
}

function runFromRow(row: RunRow, workerId: string): VerifyRun {
  return {
    ...{ runId: row.id, workerId },
    subject: { kind: row.subject, id: row.subject_id, name: row.name },
    ...{ epoch: Number(row.epoch), reason: row.reason, attempt: row.attempt },
    ...{ deep: row.deep, redeliver: row.redeliver, askedAtMs: row.asked_at.getTime() },
  };
}

/** The condition of every write of a run's outcome, on the columns of `verify_run`. */
export function runHolds(run: VerifyRun): Prisma.Sql {
  return Prisma.sql`verify_run.id = ${run.runId}::uuid AND verify_run.owner_worker = ${run.workerId}
    AND verify_run.epoch = ${BigInt(run.epoch)} AND verify_run.finished_at IS NULL`;
}

export function saveVerifyProgress(
  database: Database,
  run: VerifyRun,
  objectsChecked: number,
): Promise<boolean> {
  return update(database, run, Prisma.sql`objects_checked = ${objectsChecked}`);
}

export function finishVerifyRun(
  database: Database,
  run: VerifyRun,
  report: VerifyReport,
): Promise<boolean> {
  return update(
    database,
    run,
    Prisma.sql`report = ${JSON.stringify(report)}::jsonb, error_code = NULL, error_details = NULL,
      finished_at = clock_timestamp(), owner_worker = NULL`,
  );
}

export function failVerifyRun(
  database: Database,
  run: VerifyRun,
  error: ErrorFact,
): Promise<boolean> {
  return update(
    database,
    run,
    Prisma.sql`${errorOf(error)}, finished_at = clock_timestamp(), owner_worker = NULL`,
  );
}

export function postponeVerifyRun(
  database: Database,
  run: VerifyRun,
  error: ErrorFact | null,
  delayMs: number,
): Promise<boolean> {
  return update(
    database,
    run,
    Prisma.sql`${errorOf(error)}, owner_worker = NULL,
      next_try_at = clock_timestamp() + ${delayMs} * interval '1 millisecond'`,
  );
}

function errorOf(error: ErrorFact | null): Prisma.Sql {
  if (error === null) return Prisma.sql`error_code = NULL, error_details = NULL`;
  return Prisma.sql`error_code = ${error.code}, error_details = ${JSON.stringify(error.details)}::jsonb`;
}

async function update(database: Database, run: VerifyRun, changes: Prisma.Sql): Promise<boolean> {
  const changed = await database.run(
    (prisma) => prisma.$executeRaw`UPDATE verify_run SET ${changes} WHERE ${runHolds(run)}`,
  );
  return changed > 0;
}
