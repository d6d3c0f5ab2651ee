import type { VerifyLedger } from "@/lib/core/ports/verify-ledger";
import type { Database } from "./client";

/** One look at a time per destination, whatever the number of workers. */
export async function claimBucketLooks(
  database: Database,
  { everyMs, limit }: Parameters<VerifyLedger["claimBucketLooks"]>[0],
): Promise<Awaited<ReturnType<VerifyLedger["claimBucketLooks"]>>> {
  return database.run(async (prisma) => {
    await prisma.$executeRaw`
      INSERT INTO bucket_watch (destination_id, looked_at)
      SELECT DISTINCT t.destination_id, to_timestamp(0) FROM task t
      WHERE t.desired_state <> 'deleted'
        AND NOT EXISTS (SELECT FROM bucket_watch w WHERE w.destination_id = t.destination_id)
      ON CONFLICT DO NOTHING`;
    return prisma.$queryRaw<{ destinationId: string; prefix: string }[]>`
      WITH due AS (
        SELECT w.destination_id, used.prefix FROM bucket_watch w
        CROSS JOIN LATERAL (
          SELECT t.prefix FROM task t
          WHERE t.destination_id = w.destination_id AND t.desired_state <> 'deleted'
          ORDER BY t.created_at, t.id LIMIT 1) used
        WHERE w.looked_at <= clock_timestamp() - ${everyMs} * interval '1 millisecond'
        ORDER BY w.looked_at LIMIT ${limit}
        FOR UPDATE OF w SKIP LOCKED
      )
      UPDATE bucket_watch w SET looked_at = clock_timestamp()
      FROM due WHERE w.destination_id = due.destination_id
      RETURNING w.destination_id AS "destinationId", due.prefix`;
  });
}
