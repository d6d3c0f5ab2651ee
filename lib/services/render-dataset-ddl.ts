import type { DdlDialect, DdlView } from "@/lib/contracts/task-ddl";
import { datasetTemplate } from "@/lib/core/dataset";
import { ddlTableName } from "@/lib/core/ddl/ddl-input";
import { renderDdl } from "@/lib/core/ddl/dialect";
import { findDataset } from "./find-dataset";
import { findDestination } from "./find-stored";
import { renderTaskDdl } from "./render-task-ddl";
import type { ServiceDependencies } from "./service-dependencies";

/** The statement that reads a dataset; of what a task delivers, the task's own. */
export async function renderDatasetDdl(
  needs: Pick<ServiceDependencies, "database">,
  name: string,
  dialect: DdlDialect,
): Promise<DdlView> {
  const found = await findDataset(needs.database, name);
  if (found.origin === "task") return renderTaskDdl(needs, name, dialect);
  const { settings } = found.dataset;
  const destination = await findDestination(needs.database, settings.destinationId);
  const { statement, notes } = renderDdl(dialect, {
    tableName: ddlTableName(name),
    bucket: destination.bucket,
    endpoint: destination.endpoint,
    region: destination.region,
    pathStyle: destination.forcePathStyle,
    bucketUrl: null,
    template: datasetTemplate(settings),
    columns: settings.columns,
    knownPartitions: [],
  });
  return { dialect, statement, notes: [...notes] };
}
