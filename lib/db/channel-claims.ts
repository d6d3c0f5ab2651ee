import type { ChannelLease, ClaimedChannel, Ledger } from "@/lib/core/ports/ledger";
import type { ChannelKind } from "@/lib/core/ports/table-source";
import type { Database } from "./client";
import { errorAssignments } from "./error-columns";
import { Prisma } from "./generated/client";
import { askAfterChannelLostBucket } from "./verify-requests";
import { ownerIsGone } from "./worker-leases";

/**
 * Who may write a channel. A claim sets the owner and adds one to the epoch, and every fenced write
 * names both: whoever claimed earlier changes nothing any more, alive or not (D6). Clocks only decide
 * when a claim is tried; a claim too early is wasted work and never a wrong result.
 */

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

/** The condition of every fenced write, on the columns of `channel`. */
export function leaseHolds(lease: ChannelLease): Prisma.Sql {
  return Prisma.sql`channel.id = ${BigInt(lease.channelKey)} AND channel.owner = ${lease.workerId}
    AND channel.epoch = ${BigInt(lease.epoch)}`;
}

type ClaimRow = {
  readonly id: bigint;
  readonly task_id: string;
  readonly task_name: string;
  readonly channel_id: string;
  readonly kind: ChannelKind;
  readonly lane: number;
  readonly epoch: bigint;
  readonly checkpoint: string;
  readonly finished: boolean;
  readonly batch_number: bigint;
  readonly acked_sequence_number: bigint;
  readonly acked_batch_number: bigint;
  readonly shows_error: boolean;
  readonly is_rescan: boolean;
  readonly skips_trimmed: boolean | null;
};

/** In the order of first sight. A worker without a live lease claims nothing. */
export async function claimChannels(
  database: Database,
  { workerId, limit }: Request<"claimChannels">,
): Promise<ClaimedChannel[]> {
  const rows = await database.run(
    (prisma) => prisma.$queryRaw<ClaimRow[]>`
      WITH claimable AS (
        SELECT c.id, t.name, c.error_code = 'source.tunnel_expired'
                 AND t.continue_asked_at >= c.error_since AND NOT c.is_rescan AS skips_trimmed
        FROM channel c
        JOIN task t ON t.id = c.task_id
        WHERE t.desired_state = 'running'
          AND c.drained_at IS NULL
          AND ${ownerIsGone(Prisma.sql`c.owner`)}
          AND EXISTS (SELECT FROM worker me
                      WHERE me.id = ${workerId} AND me.lease_until > clock_timestamp())
        ORDER BY c.id
        LIMIT ${limit}
        FOR NO KEY UPDATE OF c SKIP LOCKED
      )
      UPDATE channel c SET owner = ${workerId}, epoch = c.epoch + 1
      FROM claimable WHERE c.id = claimable.id
      RETURNING c.id, c.task_id, claimable.name AS task_name, c.channel_id, c.kind, c.lane, c.epoch, c.checkpoint, c.finished,
                c.batch_number, c.acked_sequence_number, c.acked_batch_number,
                c.error_code IS NOT NULL AS shows_error, c.is_rescan, claimable.skips_trimmed`,
  );
  return rows
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((row) => ({
      channelKey: String(row.id),
      workerId,
      epoch: Number(row.epoch),
      taskId: row.task_id,
      taskName: row.task_name,
      channelId: row.channel_id,
      kind: row.kind,
      lane: row.lane,
      checkpoint: row.checkpoint,
      finished: row.finished,
      batchNumber: Number(row.batch_number),
      ackedSequenceNumber: row.acked_sequence_number,
      ackedBatchNumber: Number(row.acked_batch_number),
      showsError: row.shows_error,
      ...(row.skips_trimmed ? { skipsTrimmed: true as const } : {}),
      ...(row.is_rescan ? { isRescan: true as const } : {}),
    }));
}

/** Channels that are owned or could be, over live workers, rounded up; the asker counts as alive. */
export async function fairShare(
  database: Database,
  workerId: string,
): Promise<{ channels: number; workers: number }> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ channels: bigint; others: bigint }]>`
      SELECT (SELECT count(*) FROM worker
              WHERE lease_until > clock_timestamp() AND id <> ${workerId}) AS others,
             (SELECT count(*) FROM channel c
              JOIN task t ON t.id = c.task_id
              LEFT JOIN worker w ON w.id = c.owner
              WHERE c.drained_at IS NULL
                AND (t.desired_state = 'running' OR w.lease_until > clock_timestamp())) AS channels`;
    const workers = Number(row.others) + 1;
    return { channels: Math.ceil(Number(row.channels) / workers), workers };
  });
}

/** Free for anybody at once. A lease that is not the channel's current one changes nothing. */
export async function releaseChannel(database: Database, lease: ChannelLease): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`UPDATE channel SET owner = NULL WHERE ${leaseHolds(lease)}`,
  );
}

/** An owner that does not know of its channels would keep them from everybody. */
export async function releaseAllBut(
  database: Database,
  { workerId, channelKeys }: Request<"releaseAllBut">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE channel SET owner = NULL
      WHERE owner = ${workerId} AND id <> ALL (${channelKeys.map(BigInt)}::bigint[])`,
  );
}

/** That the bucket is missing is remembered beyond the error: what it held may have to be delivered again. */
export async function saveChannelError(
  database: Database,
  { lease, error }: Request<"saveChannelError">,
): Promise<"saved" | "fenced"> {
  const saved = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE channel SET ${errorAssignments(error)} WHERE ${leaseHolds(lease)}`,
  );
  if (error?.code === "destination.bucket_missing")
    await askAfterChannelLostBucket(database, lease);
  return saved > 0 ? "saved" : "fenced";
}
