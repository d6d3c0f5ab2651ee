import type { Ledger } from "@/lib/core/ports/ledger";
import type { ChannelKind, ChannelStatus } from "@/lib/core/ports/table-source";
import type { Database } from "./client";

/** A task's channels as its heartbeat sees them: which there are, and how they stand at the tunnel. */

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

/**
 * Adds channels seen for the first time, in the given order, each with the next lane. Two statements,
 * and a lock first: were the lanes counted before the lock is had, two heartbeats could give one twice.
 */
export async function addChannels(
  database: Database,
  { taskId, channels, isRescan = false }: Request<"addChannels"> & { readonly isRescan?: boolean },
): Promise<void> {
  if (channels.length === 0) return;
  const given = JSON.stringify(
    channels.map((channel) => ({
      channel_id: channel.channelId,
      kind: channel.kind,
      checkpoint: channel.checkpoint,
      sequence_number: String(channel.sequenceNumber),
    })),
  );
  await database.transact(async (transaction) => {
    await transaction.$queryRaw`
      SELECT FROM task_facts WHERE task_id = ${taskId}::uuid FOR UPDATE`;
    await transaction.$executeRaw`
      INSERT INTO channel (task_id, is_rescan, channel_id, kind, checkpoint, acked_sequence_number, lane)
      SELECT f.task_id, ${isRescan}, seen.channel_id, seen.kind, seen.checkpoint, seen.sequence_number,
             (SELECT count(*) FROM channel c WHERE c.task_id = f.task_id)
               + row_number() OVER (ORDER BY seen.position) - 1
      FROM task_facts f
      CROSS JOIN ROWS FROM (jsonb_to_recordset(${given}::jsonb)
        AS (channel_id text, kind text, checkpoint text, sequence_number bigint))
        WITH ORDINALITY AS seen (channel_id, kind, checkpoint, sequence_number, position)
      WHERE f.task_id = ${taskId}::uuid
        AND NOT EXISTS (SELECT FROM channel c
                        WHERE c.task_id = f.task_id AND c.channel_id = seen.channel_id)`;
  });
}

type TaskChannelRow = {
  readonly channel_id: string;
  readonly kind: ChannelKind;
  readonly tunnel_status: ChannelStatus;
  readonly tunnel_version: bigint;
  readonly drained: boolean;
};

/** By lane, ascending: those of the task's own tunnel, or those of its rescans. */
export async function listTaskChannels(
  database: Database,
  taskId: string,
  { isRescan }: { readonly isRescan: boolean } = { isRescan: false },
): Promise<Awaited<ReturnType<Ledger["listTaskChannels"]>>> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<TaskChannelRow[]>`
      SELECT channel_id, kind, tunnel_status, tunnel_version, drained_at IS NOT NULL AS drained
      FROM channel WHERE task_id = ${taskId}::uuid AND is_rescan = ${isRescan} ORDER BY lane`;
    return rows.map((row) => ({
      channelId: row.channel_id,
      kind: row.kind,
      report: {
        channelId: row.channel_id,
        status: row.tunnel_status,
        version: row.tunnel_version,
      },
      drained: row.drained,
    }));
  });
}

/** Only rows that change are written: a heartbeat mostly says what is known. */
export async function saveChannelReports(
  database: Database,
  { taskId, reports }: Request<"saveChannelReports">,
): Promise<void> {
  if (reports.length === 0) return;
  const given = JSON.stringify(
    reports.map((report) => ({
      channel_id: report.channelId,
      status: report.status,
      version: String(report.version),
    })),
  );
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE channel c SET tunnel_status = report.status, tunnel_version = report.version
      FROM jsonb_to_recordset(${given}::jsonb)
        AS report (channel_id text, status text, version bigint)
      WHERE c.task_id = ${taskId}::uuid AND c.channel_id = report.channel_id
        AND (c.tunnel_status, c.tunnel_version) IS DISTINCT FROM (report.status, report.version)`,
  );
}

/** Only grows, and is written only where it does. */
export async function saveConsumedThrough(
  database: Database,
  { taskId, channels }: Request<"saveConsumedThrough">,
): Promise<void> {
  if (channels.length === 0) return;
  const given = JSON.stringify(
    channels.map((channel) => ({
      channel_id: channel.channelId,
      through_ms: Math.trunc(channel.consumedThroughMs),
    })),
  );
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE channel c SET delivered_through = to_timestamp(seen.through_ms / 1000.0)
      FROM jsonb_to_recordset(${given}::jsonb) AS seen (channel_id text, through_ms bigint)
      WHERE c.task_id = ${taskId}::uuid AND c.channel_id = seen.channel_id
        AND (c.delivered_through IS NULL
             OR c.delivered_through < to_timestamp(seen.through_ms / 1000.0))`,
  );
}
