import type { DatasetColumn, DatasetSettings } from "@/lib/core/dataset";
import type { WriterFolders } from "@/lib/core/dataset-folder";
import { AppError } from "@/lib/core/error";
import type { Problem } from "@/lib/core/problem";
import type { Compression } from "@/lib/core/schema-mapping";
import type { Database, Transaction } from "./client";
import { isForeignKeyViolation, isUniqueViolation } from "./database-error";
import { listWriters, lockFolders, type Place } from "./dataset-writers";
import type { Prisma } from "./generated/client";
import { countOpenStreams } from "./stream-sessions";
import { countOpenUploadSessions } from "./upload-sessions";

/** A dataset that sessions write. Its totals are of what was decided and not replaced. */
export type StoredDataset = {
  readonly id: string;
  readonly settings: DatasetSettings;
  readonly schemaVersion: number;
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  readonly createdAt: Date;
};

/**
 * Makes a dataset unless `checkFolder` finds problems with all who write to its bucket then. Throws
 * `dataset.name_taken`, or `resource.not_found` when the destination is gone.
 */
export async function createDataset(
  database: Database,
  dataset: {
    readonly id: string;
    readonly settings: DatasetSettings;
    readonly place: Place;
    /** Deleted datasets whose objects stand in the folder: they become this one's. */
    readonly formerIds: readonly string[];
  },
  checkFolder: (others: readonly WriterFolders[]) => Problem[],
): Promise<Problem[]> {
  const { id, settings, place, formerIds } = dataset;
  return database.run(() =>
    database
      .transact(async (transaction) => {
        await lockFolders(transaction);
        const problems = checkFolder(await listWriters(transaction, place));
        if (problems.length > 0) return problems;
        const taken = await transaction.task.findUnique({ where: { name: settings.name } });
        if (taken) throw nameTaken(settings.name);
        const { name } = settings;
        await transaction.dataset.create({
          data: {
            ...{ id, name, liveName: name, destinationId: settings.destinationId },
            folder: settings.folder,
            partitionColumns: [...settings.partitionColumns],
            columns: toJson(settings.columns),
            compression: settings.compression,
          },
        });
        await adoptObjects(transaction, id, formerIds);
        return [];
      })
      .catch((thrown: unknown) => {
        throw creationError(settings, thrown);
      }),
  );
}

/** Merged copies stand in another folder, which is not this dataset's. */
async function adoptObjects(
  transaction: Transaction,
  id: string,
  formerIds: readonly string[],
): Promise<void> {
  if (formerIds.length === 0) return;
  await transaction.$executeRaw`
    WITH adopted AS (
      UPDATE delivered_object SET dataset_id = ${id}::uuid, merged_by = NULL
      WHERE dataset_id = ANY (${[...formerIds]}::uuid[]) AND replaced_by IS NULL
        AND merged_by IS DISTINCT FROM commit_id
      RETURNING rows, bytes
    )
    UPDATE dataset SET (objects, rows, bytes) =
      (SELECT count(*), COALESCE(sum(rows), 0), COALESCE(sum(bytes), 0) FROM adopted)
    WHERE id = ${id}::uuid`;
}

function creationError(settings: DatasetSettings, thrown: unknown): unknown {
  if (isUniqueViolation(thrown)) return nameTaken(settings.name, thrown);
  if (!isForeignKeyViolation(thrown)) return thrown;
  const details = { id: settings.destinationId };
  return new AppError("resource.not_found", "The destination is gone", { details, cause: thrown });
}

function nameTaken(name: string, cause?: unknown): AppError {
  return new AppError("dataset.name_taken", "The name is taken", { details: { name }, cause });
}

export async function getDatasetByName(
  database: Database,
  name: string,
): Promise<StoredDataset | null> {
  return database.run(async (prisma) => {
    const row = await prisma.dataset.findUnique({ where: { liveName: name } });
    return row ? fromRow(row) : null;
  });
}

export async function getDatasets(
  database: Database,
  ids: readonly string[],
): Promise<StoredDataset[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.dataset.findMany({ where: { id: { in: [...ids] } } });
    return rows.map(fromRow);
  });
}

/** Takes the new columns as the next version; null when the dataset is gone or has another version by now. */
export async function changeColumns(
  database: Database,
  request: { id: string; fromVersion: number; columns: readonly DatasetColumn[] },
): Promise<StoredDataset | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.dataset.updateManyAndReturn({
      where: { id: request.id, schemaVersion: request.fromVersion, deletedAt: null },
      data: { columns: toJson(request.columns), schemaVersion: request.fromVersion + 1 },
    });
    return row ? fromRow(row) : null;
  });
}

/**
 * The objects stay. False when it is gone already. Throws `resource.conflict` while a session is open or
 * a merge is being published: what was decided must still find its destination.
 */
export async function deleteDataset(database: Database, id: string): Promise<boolean> {
  return database.transact(async (transaction) => {
    const [row] = await transaction.$queryRaw<unknown[]>`
      SELECT FROM dataset WHERE id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`;
    if (!row) return false;
    if ((await countOpenUploadSessions(transaction, id)) > 0) {
      const details = { reason: "An upload session of the dataset is open." };
      throw new AppError("resource.conflict", "A session is open", { details });
    }
    if ((await countOpenStreams(transaction, id)) > 0) {
      const details = { reason: "A stream session of the dataset is open." };
      throw new AppError("resource.conflict", "A session is open", { details });
    }
    const unfinished = { datasetId: id, writer: "merge", finishedAt: null };
    if ((await transaction.datasetCommit.count({ where: unfinished })) > 0) {
      const details = { reason: "A merge of the dataset is being published." };
      throw new AppError("resource.conflict", "A merge is not finished", { details });
    }
    await transaction.dataset.update({
      where: { id },
      data: { deletedAt: new Date(), liveName: null, destinationId: null },
    });
    return true;
  });
}

type Row = NonNullable<Awaited<ReturnType<Transaction["dataset"]["findUnique"]>>>;

function fromRow(row: Row): StoredDataset {
  return {
    id: row.id,
    settings: {
      name: row.name,
      destinationId: row.destinationId ?? "",
      folder: row.folder,
      partitionColumns: row.partitionColumns,
      columns: row.columns as unknown as readonly DatasetColumn[],
      compression: row.compression as Compression,
    },
    schemaVersion: row.schemaVersion,
    objects: Number(row.objects),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    createdAt: row.createdAt,
  };
}

/** Plain data of ours is JSON by construction; Prisma's input type cannot see through `readonly`. */
function toJson(columns: readonly DatasetColumn[]): Prisma.InputJsonValue {
  return columns.map(({ name, type }) => ({ name, type }));
}
