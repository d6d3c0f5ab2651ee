import type { Ledger } from "@/lib/core/ports/ledger";
import type { Database } from "./client";

/** The log of uploads: written before the store is asked, so that nothing we started is ever unknown to us. */

type Request<Method extends keyof Ledger> = Parameters<Ledger[Method]>[0];

export async function logUpload(database: Database, request: Request<"logUpload">): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      INSERT INTO upload (object_id, channel_key, worker_id, destination_id, bucket, key, logged_at)
      VALUES (${request.objectId}::uuid, ${BigInt(request.channelKey)}, ${request.workerId},
              ${request.destinationId}, ${request.bucket}, ${request.key}, clock_timestamp())`,
  );
}

/** Of a block of an upload session, which no channel has. */
export async function logBlockUpload(
  database: Database,
  request: Omit<Request<"logUpload">, "channelKey">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      INSERT INTO upload (object_id, channel_key, worker_id, destination_id, bucket, key, logged_at)
      VALUES (${request.objectId}::uuid, NULL, ${request.workerId}, ${request.destinationId},
              ${request.bucket}, ${request.key}, clock_timestamp())`,
  );
}

/** To the newest entry that has none: an object staged again has an older entry beside it. */
export async function logUploadId(
  database: Database,
  { objectId, uploadId }: Request<"logUploadId">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE upload SET upload_id = ${uploadId}
      WHERE id = (SELECT max(id) FROM upload
                  WHERE object_id = ${objectId}::uuid AND upload_id IS NULL)`,
  );
}

type AbandonedRow = {
  readonly object_id: string;
  readonly worker_id: string;
  readonly destination_id: string;
  readonly bucket: string;
  readonly key: string;
  readonly upload_id: string | null;
};

/**
 * Oldest first. A live worker may still be staging: a batch waits as long as one of its folders is
 * refused, and its other uploads with it. An unpublished object holds its uploads as long as its channel exists; when the task
 * was deleted meanwhile nobody will publish it. A block of an upload session is older than its session
 * can become, so nobody will commit it.
 */
export async function listAbandonedUploads(
  database: Database,
  { olderThanMs, limit }: Request<"listAbandonedUploads">,
): Promise<Awaited<ReturnType<Ledger["listAbandonedUploads"]>>> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<AbandonedRow[]>`
      SELECT u.object_id, u.worker_id, u.destination_id, u.bucket, u.key, u.upload_id
      FROM upload u
      WHERE u.logged_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'
        AND NOT EXISTS (
          SELECT FROM delivered_object o LEFT JOIN channel c ON c.id = o.channel_key
          WHERE o.id = u.object_id AND o.published_at IS NULL
            AND (c.id IS NOT NULL OR o.commit_id IS NOT NULL))
        AND NOT EXISTS (
          SELECT FROM worker w WHERE w.id = u.worker_id AND w.lease_until > clock_timestamp())
      ORDER BY u.logged_at, u.id LIMIT ${limit}`;
    return rows.map((row) => ({
      objectId: row.object_id,
      workerId: row.worker_id,
      destinationId: row.destination_id,
      bucket: row.bucket,
      key: row.key,
      uploadId: row.upload_id,
    }));
  });
}

export async function forgetUpload(
  database: Database,
  { objectId, workerId, uploadId }: Request<"forgetUpload">,
): Promise<void> {
  await database.run(
    (prisma) => prisma.$executeRaw`
      DELETE FROM upload WHERE object_id = ${objectId}::uuid AND worker_id = ${workerId}
        AND upload_id IS NOT DISTINCT FROM ${uploadId}`,
  );
}
