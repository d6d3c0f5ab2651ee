import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { Database } from "./client";
import { errorAssignments } from "./error-columns";
import { Prisma } from "./generated/client";
import { type HeldTaskRow, heldTaskColumns, heldTaskFromRow } from "./task-row";
import { ownerIsGone } from "./worker-leases";

/** Who keeps a task's tunnel client alive. Facts are written under `owner_worker` alone: they are no fence. */

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

/**
 * Takes up to `limit` more tasks that no live worker holds, oldest first, and gives all that this
 * worker then holds. A worker without a live lease takes none. A completed task needs no heartbeat;
 * one marked deleted does, until it is forgotten.
 */
export async function holdTasks(
  database: Database,
  { workerId, limit }: Request<"holdTasks">,
): Promise<HeldTask[]> {
  return database.run(async (prisma) => {
    await prisma.$executeRaw`
      WITH free AS (
        SELECT f.task_id
        FROM task_facts f
        JOIN task t ON t.id = f.task_id
        WHERE ${ownerIsGone(Prisma.sql`f.owner_worker`)}
          AND (f.completed_at IS NULL OR t.desired_state = 'deleted')
          AND EXISTS (SELECT FROM worker me
                      WHERE me.id = ${workerId} AND me.lease_until > clock_timestamp())
        ORDER BY t.created_at, t.id
        LIMIT ${limit}
        FOR NO KEY UPDATE OF f SKIP LOCKED
      )
      UPDATE task_facts f SET owner_worker = ${workerId} FROM free WHERE f.task_id = free.task_id`;
    const rows = await prisma.$queryRaw<HeldTaskRow[]>`
      SELECT ${heldTaskColumns}
      FROM task t JOIN task_facts f ON f.task_id = t.id
      WHERE f.owner_worker = ${workerId}
      ORDER BY t.created_at, t.id`;
    return rows.map(heldTaskFromRow);
  });
}

export async function getHeldTasks(
  database: Database,
  taskIds: readonly string[],
): Promise<HeldTask[]> {
  if (taskIds.length === 0) return [];
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<HeldTaskRow[]>`
      SELECT ${heldTaskColumns}
      FROM task t JOIN task_facts f ON f.task_id = t.id
      WHERE t.id = ANY (${[...taskIds]}::uuid[])`;
    return rows.map(heldTaskFromRow);
  });
}

export async function saveTunnelClient(
  database: Database,
  { workerId, taskId, clientId, replaces }: Request<"saveTunnelClient">,
): Promise<boolean> {
  const saved = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE task_facts SET tunnel_client_id = ${clientId}
      WHERE task_id = ${taskId}::uuid AND owner_worker = ${workerId}
        AND tunnel_client_id IS NOT DISTINCT FROM ${replaces}`,
  );
  return saved > 0;
}

/** Absent facts stay; the two instants keep their first value. Nothing happens when another worker holds the task. */
export async function saveTaskFacts(
  database: Database,
  { workerId, taskId, facts }: Request<"saveTaskFacts">,
): Promise<void> {
  const assignments: Prisma.Sql[] = [];
  if (facts.stage) assignments.push(Prisma.sql`stage = ${facts.stage}`);
  if (facts.initialisedAt) {
    assignments.push(
      Prisma.sql`initialised_at = COALESCE(initialised_at, ${facts.initialisedAt}::timestamptz)`,
    );
  }
  if (facts.completedAt) {
    assignments.push(
      Prisma.sql`completed_at = COALESCE(completed_at, ${facts.completedAt}::timestamptz)`,
    );
  }
  if (facts.error !== undefined) assignments.push(errorAssignments(facts.error));
  if (assignments.length === 0) return;
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE task_facts SET ${Prisma.join(assignments)}
      WHERE task_id = ${taskId}::uuid AND owner_worker = ${workerId}`,
  );
}

/**
 * Drops a task marked deleted, unless a live worker still owns one of its channels. The ledger's rows
 * stay, so that a task made again goes on counting; an object that was decided and not published stays
 * unpublished for good, and its upload falls to the janitor.
 */
export async function forgetTask(
  database: Database,
  { workerId, taskId }: Request<"forgetTask">,
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const [task] = await transaction.$queryRaw<{ busy: boolean }[]>`
      SELECT EXISTS (SELECT FROM channel c JOIN worker w ON w.id = c.owner
                     WHERE c.task_id = t.id AND w.lease_until > clock_timestamp()) AS busy
      FROM task t JOIN task_facts f ON f.task_id = t.id
      WHERE t.id = ${taskId}::uuid AND t.desired_state = 'deleted' AND f.owner_worker = ${workerId}
      FOR UPDATE OF t, f`;
    if (!task || task.busy) return false;
    // Channels, batches, facts, samples and schema versions go with it, by foreign key.
    await transaction.$executeRaw`DELETE FROM task WHERE id = ${taskId}::uuid`;
    return true;
  });
}
