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
  return database.run(async (prisma) => {
    const tasks = await prisma.task.findMany({
      where: { destination: { bucket: place.bucket } },
      select: {
        name: true,
        prefix: true,
        dirtyPrefix: true,
        destination: { select: { endpoint: true } },
      },
    });
    const origin = originOf(place.endpoint);
    return tasks.flatMap(({ destination, ...folders }) =>
      originOf(destination.endpoint) === origin ? [folders] : [],
    );
  });
}

/** `http://h:9000` and `http://h:9000/` are one store. */
function originOf(endpoint: string | null): string | null {
  return endpoint === null ? null : new URL(endpoint).origin;
}
