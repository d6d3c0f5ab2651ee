import type { Database } from "./client";

/** Where a task writes in a bucket. */
export type TaskFolders = {
  readonly name: string;
  readonly prefix: string;
  readonly dirtyPrefix: string | null;
};

/** Of all tasks that deliver to this bucket of this store, whatever destination they name it by. */
export async function listTaskFolders(
  database: Database,
  place: { readonly endpoint: string | null; readonly bucket: string },
): Promise<TaskFolders[]> {
  return database.run((prisma) =>
    prisma.task.findMany({
      where: { destination: { endpoint: place.endpoint, bucket: place.bucket } },
      select: { name: true, prefix: true, dirtyPrefix: true },
    }),
  );
}
