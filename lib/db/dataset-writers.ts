import type { WriterFolders } from "@/lib/core/dataset-folder";
import type { Database, Transaction } from "./client";
import { originOf, taskFoldersIn } from "./task-folders";

export type Place = { readonly endpoint: string | null; readonly bucket: string };

/** Serialises whoever takes a folder for themselves: two that overlap must not do so at once. */
const foldersLock = 7_301;

export async function lockFolders(transaction: Transaction): Promise<void> {
  await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${foldersLock})::text`;
}

/** Everybody who writes to this bucket of this store, but for this dataset's merging. */
export async function listWriters(
  transaction: Transaction,
  place: Place,
  exceptMergingOf: string | null = null,
): Promise<WriterFolders[]> {
  const tasks = await taskFoldersIn(transaction, place);
  const datasets = await datasetFoldersIn(transaction, place, exceptMergingOf);
  return [
    ...tasks.map((task): WriterFolders => ({ kind: "task", ...task })),
    ...datasets.map(
      ({ name, folder }): WriterFolders => ({
        ...{ kind: "dataset", name, prefix: folder, dirtyPrefix: null },
      }),
    ),
  ];
}

export type DatasetFolder = { readonly name: string; readonly folder: string };

/** Each dataset's own, and that of its merged copies. */
async function datasetFoldersIn(
  prisma: Transaction,
  place: Place,
  exceptMergingOf: string | null,
): Promise<DatasetFolder[]> {
  const found = await prisma.dataset.findMany({
    where: { deletedAt: null, destination: { bucket: place.bucket } },
    select: {
      id: true,
      name: true,
      folder: true,
      destination: { select: { endpoint: true } },
      mergeSettings: { select: { folder: true } },
    },
  });
  const origin = originOf(place.endpoint);
  return found.flatMap(({ id, name, folder, destination, mergeSettings }) => {
    if (!destination || originOf(destination.endpoint) !== origin) return [];
    const isLeftOut = mergeSettings === null || id === exceptMergingOf;
    return isLeftOut
      ? [{ name, folder }]
      : [
          { name, folder },
          { name, folder: mergeSettings.folder },
        ];
  });
}

/** Of all datasets in this bucket of this store, those of merged copies among them. */
export async function listDatasetFolders(
  database: Database,
  place: Place,
): Promise<DatasetFolder[]> {
  return database.run((prisma) => datasetFoldersIn(prisma, place, null));
}
