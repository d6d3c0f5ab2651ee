import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import { addChannels, listTaskChannels } from "./task-channels";
import { settingsFromRow, type TaskRow, taskColumns } from "./task-row";
import { ownerIsGone } from "./worker-leases";

/**
 * The ledger as a rescan sees it: the task with the rescan's tunnel in place of its own, and only the
 * rescan's channels. Whoever holds tasks and reads channels works on a rescan as on any full delivery.
 */
export function createRescanLedger(database: Database, ledger: Ledger): Ledger {
  return {
    ...ledger,
    holdTasks: (request) => holdRescans(database, request),
    getTasks: (taskIds) =>
      selectRescans(database, Prisma.sql`r.task_id = ANY (${[...taskIds]}::uuid[])`),
    saveTunnelClient: async ({ workerId, taskId, clientId }) =>
      (await update(database, workerId, taskId, Prisma.sql`tunnel_client_id = ${clientId}`)) > 0,
    saveTaskFacts: async ({ workerId, taskId, facts: { completedAt } }) => {
      if (!completedAt) return;
      await update(
        database,
        workerId,
        taskId,
        Prisma.sql`completed_at = ${completedAt}::timestamptz`,
      );
    },
    addChannels: (request) => addChannels(database, { ...request, isRescan: true }),
    listTaskChannels: (taskId) => listTaskChannels(database, taskId, { isRescan: true }),
    forgetTask: async ({ workerId, taskId }) => {
      const forgotten = await database.run(
        (prisma) => prisma.$executeRaw`
          DELETE FROM rescan WHERE task_id = ${taskId}::uuid AND owner_worker = ${workerId}
            AND completed_at IS NOT NULL`,
      );
      return forgotten > 0;
    },
  };
}

/** A full delivery by mode, so that it is over when every channel is. Completed ones too, to be cleared away. */
async function holdRescans(
  database: Database,
  { workerId, limit }: Parameters<Ledger["holdTasks"]>[0],
): Promise<HeldTask[]> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      WITH free AS (
        SELECT r.task_id FROM rescan r
        WHERE ${ownerIsGone(Prisma.sql`r.owner_worker`)}
          AND EXISTS (SELECT FROM worker me
                      WHERE me.id = ${workerId} AND me.lease_until > clock_timestamp())
        LIMIT ${limit}
        FOR NO KEY UPDATE OF r SKIP LOCKED
      )
      UPDATE rescan r SET owner_worker = ${workerId} FROM free WHERE r.task_id = free.task_id`,
  );
  const held = await selectRescans(database, Prisma.sql`r.owner_worker = ${workerId}`);
  return held.map((task) => ({
    ...task,
    settings: { ...task.settings, mode: "full" },
    desiredState: "running",
  }));
}

type RescanRow = TaskRow & {
  readonly rescan_tunnel_name: string;
  readonly rescan_tunnel_id: string;
  readonly tunnel_client_id: string | null;
  readonly started_at: Date;
  readonly completed_at: Date | null;
  readonly has_unreported_end: boolean;
};

async function selectRescans(database: Database, chosen: Prisma.Sql): Promise<HeldTask[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<RescanRow[]>`
      SELECT ${taskColumns}, r.tunnel_name AS rescan_tunnel_name, r.tunnel_id AS rescan_tunnel_id,
             r.tunnel_client_id, r.started_at, r.completed_at,
             EXISTS (SELECT FROM channel c WHERE c.task_id = t.id AND c.is_rescan
                       AND c.drained_at IS NOT NULL AND c.tunnel_status <> 'terminated')
               AS has_unreported_end
      FROM rescan r JOIN task t ON t.id = r.task_id WHERE ${chosen}
      ORDER BY t.created_at, t.id`;
    return rows.map((row) => ({
      ...{ id: row.id, settings: settingsFromRow(row), desiredState: row.desired_state },
      ...{ tunnelName: row.rescan_tunnel_name, tunnelId: row.rescan_tunnel_id },
      ...{ tunnelClientId: row.tunnel_client_id, initialisedAt: row.started_at },
      ...{ completedAt: row.completed_at, hasUnreportedEnd: row.has_unreported_end },
    }));
  });
}

function update(
  database: Database,
  workerId: string,
  taskId: string,
  changes: Prisma.Sql,
): Promise<number> {
  return database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE rescan SET ${changes}
      WHERE task_id = ${taskId}::uuid AND owner_worker = ${workerId}`,
  );
}
