import type { Database, Transaction } from "./client";

/** Where a task writes in a bucket. */
export type TaskFolders = {
  readonly name: string;
  readonly prefix: string;
  readonly dirtyPrefix: string | null;
};

type Place = { readonly endpoint: string | null; readonly bucket: string };

/** Of all tasks that deliver to this bucket of this store, whatever destination they name it by. */
export async function listTaskFolders(database: Database, place: Place): Promise<TaskFolders[]> {
  return database.run((prisma) => taskFoldersIn(prisma, place));
}

/** The same within a transaction. */
export async function taskFoldersIn(prisma: Transaction, place: Place): Promise<TaskFolders[]> {
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
}

/** `http://h:9000` and `http://h:9000/` are one store. */
export function originOf(endpoint: string | null): string | null {
  return endpoint === null ? null : new URL(endpoint).origin;
}
