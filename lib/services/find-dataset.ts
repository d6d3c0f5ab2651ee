import { AppError } from "@/lib/core/error";
import type { Database } from "@/lib/db/client";
import { type CataloguedDataset, getTaskDataset } from "@/lib/db/dataset-catalogue";
import { getDatasetByName, type StoredDataset } from "@/lib/db/datasets";

/** The dataset of this name, whoever writes it. Throws `dataset.not_found`. */
export async function findDataset(database: Database, name: string): Promise<CataloguedDataset> {
  const stored = await getDatasetByName(database, name);
  if (stored) return { origin: "dataset", dataset: stored };
  const ofTask = await getTaskDataset(database, name);
  if (ofTask) return { origin: "task", dataset: ofTask };
  throw datasetNotFound(name);
}

export function datasetNotFound(name: string): AppError {
  return new AppError("dataset.not_found", "No such dataset", { details: { name } });
}

/** The same where something is to be changed. Throws `dataset.written_by_task` for what a task delivers. */
export async function findOwnDataset(database: Database, name: string): Promise<StoredDataset> {
  const found = await findDataset(database, name);
  if (found.origin === "dataset") return found.dataset;
  throw new AppError("dataset.written_by_task", "A task writes it", { details: { name } });
}
