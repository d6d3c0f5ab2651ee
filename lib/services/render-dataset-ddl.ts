import type { DatasetDdlQuery, DdlView } from "@/lib/contracts/task-ddl";
import { datasetTemplate } from "@/lib/core/dataset";
import { ddlTableName } from "@/lib/core/ddl/ddl-input";
import { renderDdl } from "@/lib/core/ddl/dialect";
import { AppError } from "@/lib/core/error";
import type { StoredDataset } from "@/lib/db/datasets";
import { getMergings } from "@/lib/db/merge-settings";
import { findDataset } from "./find-dataset";
import { findDestination } from "./find-stored";
import { renderTaskDdl } from "./render-task-ddl";
import type { ServiceDependencies } from "./service-dependencies";

/** The statement that reads a dataset; of what a task delivers, the task's own. */
export async function renderDatasetDdl(
  needs: Pick<ServiceDependencies, "database">,
  name: string,
  { dialect, copy }: DatasetDdlQuery,
): Promise<DdlView> {
  const found = await findDataset(needs.database, name);
  const isMerged = copy === "merged";
  if (found.origin === "task") {
    if (isMerged) throw new AppError("merge.task_dataset", "Not merged", { details: { name } });
    return renderTaskDdl(needs, name, dialect);
  }
  const { settings } = found.dataset;
  const folder = isMerged ? await mergeFolderOf(needs, found.dataset) : settings.folder;
  const destination = await findDestination(needs.database, settings.destinationId);
  const { statement, notes } = renderDdl(dialect, {
    tableName: ddlTableName(isMerged ? `${name}-merged` : name),
    bucket: destination.bucket,
    endpoint: destination.endpoint,
    region: destination.region,
    pathStyle: destination.forcePathStyle,
    bucketUrl: null,
    template: datasetTemplate({ ...settings, folder }),
    columns: settings.columns,
    knownPartitions: [],
  });
  return { dialect, statement, notes: isMerged ? [...notes, mergedNote] : [...notes] };
}

const mergedNote =
  "Rows are in the merged copies some time after they are in the dataset's own objects: once there are enough to merge.";

async function mergeFolderOf(
  { database }: Pick<ServiceDependencies, "database">,
  { id, settings }: StoredDataset,
): Promise<string> {
  const merging = (await getMergings(database, [id])).get(id);
  if (merging) return merging.settings.folder;
  const details = { name: settings.name };
  throw new AppError("merge.not_configured", "No merge settings", { details });
}
