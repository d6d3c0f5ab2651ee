import type { TaskPlace, VerifyRun } from "@/lib/core/ports/verify-ledger";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import { runHolds } from "./verify-runs";

/** Scanning a task's table once more, when every object of its first scan is lost. */

/** The row objects of the task's base data that are not replaced, in buckets of any name. */
const baseObjects = (taskId: string) => Prisma.sql`
  delivered_object o JOIN channel c ON c.id = o.channel_key
  WHERE o.task_id = ${taskId}::uuid AND o.kind = 'rows' AND o.replaced_at IS NULL
    AND c.task_id = o.task_id AND c.kind = 'base'`;

/**
 * True when base data was delivered, none of it stands, and none of it can be delivered again under
 * its old keys. As long as one of its objects stands, or a base channel is not at its end, a rescan
 * would bring rows that are there already.
 */
export async function isBaseLost(
  database: Database,
  { taskId, bucket }: TaskPlace,
): Promise<boolean> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ lost: boolean | null }]>`
      SELECT bool_and(o.bucket = ${bucket} AND o.published_at IS NOT NULL
                      AND o.missing_since IS NOT NULL AND o.lost_because IS NOT NULL
                      AND c.drained_at IS NOT NULL)
             AND NOT EXISTS (SELECT FROM channel open WHERE open.task_id = ${taskId}::uuid
                               AND open.kind = 'base' AND open.drained_at IS NULL) AS lost
      FROM ${baseObjects(taskId)}`;
    return row.lost === true;
  });
}

/**
 * Replaces the lost base objects and writes the rescan's tunnel, or does nothing. Locked first: a
 * redelivery that was fenced meanwhile finds its object replaced, and no two rescans start at once.
 */
export async function startRescan(
  database: Database,
  run: VerifyRun,
  place: TaskPlace,
  { tunnelName, tunnelId }: { tunnelName: string; tunnelId: string },
): Promise<boolean> {
  const { taskId } = place;
  return database.transact(async (transaction) => {
    await transaction.$queryRaw`
      SELECT FROM task_facts WHERE task_id = ${taskId}::uuid FOR UPDATE`;
    const [fence] = await transaction.$queryRaw<unknown[]>`
      SELECT id FROM verify_run WHERE ${runHolds(run)} FOR UPDATE`;
    const objects = await transaction.$queryRaw<{ id: string; lost: boolean }[]>`
      SELECT o.id, (o.published_at IS NOT NULL AND o.missing_since IS NOT NULL) AS lost
      FROM ${baseObjects(taskId)} FOR UPDATE OF o`;
    if (!fence || objects.length === 0 || objects.some(({ lost }) => !lost)) return false;
    await transaction.$executeRaw`
      UPDATE delivered_object SET replaced_at = clock_timestamp(), missing_since = NULL,
        lost_because = NULL
      WHERE id = ANY (${objects.map(({ id }) => id)}::uuid[])`;
    // Of an earlier rescan, whose tunnel is no more.
    await transaction.$executeRaw`
      UPDATE channel SET tunnel_status = 'terminated' WHERE task_id = ${taskId}::uuid AND is_rescan`;
    await transaction.$executeRaw`
      INSERT INTO rescan (task_id, tunnel_name, tunnel_id, started_at)
      VALUES (${taskId}::uuid, ${tunnelName}, ${tunnelId}, clock_timestamp())
      ON CONFLICT (task_id) DO UPDATE SET tunnel_name = EXCLUDED.tunnel_name,
        tunnel_id = EXCLUDED.tunnel_id, tunnel_client_id = NULL, owner_worker = NULL, started_at = EXCLUDED.started_at,
        completed_at = NULL`;
    return true;
  });
}
