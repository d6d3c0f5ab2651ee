import type { Database } from "./client";

/**
 * Drops what is known of upload and stream sessions that ended so long ago, their blocks and flush ids
 * with them. Commits and objects stay: they are the ledger. A session whose commit is not finished is
 * still needed. Bounded, so a month of flushes goes over many calls; gives how many rows went.
 */
export async function forgetSessions(
  database: Database,
  { endedBeforeMs, limit }: { readonly endedBeforeMs: number; readonly limit: number },
): Promise<number> {
  const age = `${endedBeforeMs} milliseconds`;
  return database.run(async (prisma) => {
    const uploads = await prisma.$executeRaw`
      DELETE FROM upload_session WHERE id IN (
        SELECT s.id FROM upload_session s LEFT JOIN dataset_commit c ON c.id = s.commit_id
        WHERE s.created_at < clock_timestamp() - ${age}::interval
          AND (s.aborted_at < clock_timestamp() - ${age}::interval
               OR c.finished_at < clock_timestamp() - ${age}::interval
               OR s.commit_id IS NULL AND s.expires_at < clock_timestamp() - ${age}::interval)
        ORDER BY s.created_at LIMIT ${Math.ceil(limit / 100)})`;
    const flushes = await prisma.$executeRaw`
      DELETE FROM stream_flush WHERE ctid = ANY (ARRAY(
        SELECT f.ctid FROM stream_session s JOIN stream_flush f ON f.session_id = s.id
        LEFT JOIN dataset_commit c ON c.id = f.commit_id
        WHERE least(s.ended_at, s.expires_at) < clock_timestamp() - ${age}::interval
          AND (f.commit_id IS NULL OR c.finished_at IS NOT NULL)
        LIMIT ${limit}))`;
    const streams = await prisma.$executeRaw`
      DELETE FROM stream_session s
      WHERE least(s.ended_at, s.expires_at) < clock_timestamp() - ${age}::interval
        AND NOT EXISTS (SELECT FROM stream_flush f WHERE f.session_id = s.id)`;
    return uploads + flushes + streams;
  });
}
