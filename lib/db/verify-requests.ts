import { randomUUID } from "node:crypto";
import type { ChannelLease } from "@/lib/core/ports/ledger";
import type { VerifySubject } from "@/lib/core/ports/verify-ledger";
import type { VerifyReport } from "@/lib/core/verify-report";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import { errorFromColumns, type StandingError } from "./stored-error";

/** Verifications as people ask for them and see them. */

type Subject = Pick<VerifySubject, "kind" | "id">;

/** Finished runs kept per task or dataset; the newest stay. */
const finishedRunsMax = 20;

export type VerifyRunFacts = {
  readonly id: string;
  readonly reason: "asked" | "bucket_missing";
  readonly deep: boolean;
  readonly redeliver: boolean;
  readonly askedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** A live worker has it. */
  readonly isHeld: boolean;
  readonly objectsChecked: number;
  readonly report: VerifyReport | null;
  /** Of the last try, with the next one; of a finished run without a report: why there is none. */
  readonly error: StandingError | null;
};

/**
 * Asks for a verification, or finds the one that somebody asked for in the same words and that has not
 * ended. Gives its id.
 */
export async function askForVerifyRun(
  database: Database,
  request: { subject: Subject; deep: boolean; redeliver: boolean },
): Promise<string> {
  const { subject, deep, redeliver } = request;
  const { taskId, datasetId } = columnsOf(subject);
  return database.transact(async (transaction) => {
    // Two people who press the button at once get one run.
    await transaction.$queryRaw(
      taskId === null
        ? Prisma.sql`SELECT FROM dataset WHERE id = ${datasetId}::uuid FOR NO KEY UPDATE`
        : Prisma.sql`SELECT FROM task_facts WHERE task_id = ${taskId}::uuid FOR NO KEY UPDATE`,
    );
    const open = await transaction.verifyRun.findFirst({
      where: { taskId, datasetId, deep, redeliver, reason: "asked", finishedAt: null },
      select: { id: true },
    });
    if (open) return open.id;
    await transaction.$executeRaw`
      DELETE FROM verify_run WHERE id IN (
        SELECT id FROM verify_run WHERE ${isOf(subject)} AND finished_at IS NOT NULL
        ORDER BY asked_at DESC, id OFFSET ${finishedRunsMax - 1})`;
    const id = randomUUID();
    await transaction.$executeRaw`
      INSERT INTO verify_run (id, task_id, dataset_id, reason, deep, redeliver, asked_at)
      VALUES (${id}::uuid, ${taskId}::uuid, ${datasetId}::uuid, 'asked', ${deep}, ${redeliver}, clock_timestamp())`;
    return id;
  });
}

function columnsOf({ kind, id }: Subject) {
  return kind === "task" ? { taskId: id, datasetId: null } : { taskId: null, datasetId: id };
}

function isOf({ kind, id }: Subject): Prisma.Sql {
  return kind === "task" ? Prisma.sql`task_id = ${id}::uuid` : Prisma.sql`dataset_id = ${id}::uuid`;
}

/** The channel's worker has met a missing bucket. */
export async function askAfterChannelLostBucket(
  database: Database,
  { channelKey }: Pick<ChannelLease, "channelKey">,
): Promise<void> {
  await database.run((prisma) =>
    prisma.$executeRaw(
      afterBucketLoss(Prisma.sql`(
        SELECT t.destination_id FROM channel c JOIN task t ON t.id = c.task_id
        WHERE c.id = ${BigInt(channelKey)})`),
    ),
  );
}

/** Somebody looked, and the destination's bucket was not there. */
export async function askAfterBucketLoss(database: Database, destinationId: string): Promise<void> {
  await database.run((prisma) => prisma.$executeRaw(afterBucketLoss(Prisma.sql`${destinationId}`)));
}

/**
 * Once the bucket is back, every task that has delivered into it is verified, and gets back what is
 * gone. One run per task, however often the bucket is missed.
 */
function afterBucketLoss(destinationId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO verify_run (id, task_id, reason, deep, redeliver, asked_at)
    SELECT gen_random_uuid(), t.id, 'bucket_missing', false, true, clock_timestamp()
    FROM destination missed
    JOIN destination d ON d.bucket = missed.bucket AND d.endpoint IS NOT DISTINCT FROM missed.endpoint
    JOIN task t ON t.destination_id = d.id AND t.desired_state <> 'deleted'
    WHERE missed.id = ${destinationId}
      AND EXISTS (SELECT FROM delivered_object o
                  WHERE o.task_id = t.id AND o.bucket = d.bucket AND o.published_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM verify_run r WHERE r.task_id = t.id
                        AND r.reason = 'bucket_missing' AND r.finished_at IS NULL)
    ON CONFLICT DO NOTHING`;
}

type RunRow = {
  readonly id: string;
  readonly reason: VerifyRunFacts["reason"];
  readonly deep: boolean;
  readonly redeliver: boolean;
  readonly asked_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly is_held: boolean;
  readonly objects_checked: bigint;
  readonly report: VerifyReport | null;
  readonly error_code: string | null;
  readonly error_details: unknown;
  readonly attempt: number;
  readonly next_try_at: Date | null;
};

/** The run of that id, or the newest; null when there is none. */
export async function getVerifyRun(
  database: Database,
  subject: Subject,
  runId: string | null,
): Promise<VerifyRunFacts | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<RunRow[]>`
      SELECT r.id, r.reason, r.deep, r.redeliver, r.asked_at, r.started_at, r.finished_at,
             COALESCE(w.lease_until > clock_timestamp(), false) AS is_held, r.objects_checked,
             r.report, r.error_code, r.error_details, r.attempt, r.next_try_at
      FROM verify_run r LEFT JOIN worker w ON w.id = r.owner_worker
      WHERE ${isOf(subject)} AND (${runId}::uuid IS NULL OR r.id = ${runId}::uuid)
      ORDER BY r.asked_at DESC, r.id LIMIT 1`;
    return row ? factsFromRow(row) : null;
  });
}

function factsFromRow(row: RunRow): VerifyRunFacts {
  return {
    ...{ id: row.id, reason: row.reason, deep: row.deep, redeliver: row.redeliver },
    ...{ askedAt: row.asked_at, startedAt: row.started_at, finishedAt: row.finished_at },
    ...{ isHeld: row.is_held, objectsChecked: Number(row.objects_checked), report: row.report },
    error: errorFromColumns({
      ...{ error_code: row.error_code, error_details: row.error_details },
      ...{ error_attempt: row.attempt, error_since: row.started_at ?? row.asked_at },
      error_next_try_at: row.next_try_at,
    }),
  };
}
