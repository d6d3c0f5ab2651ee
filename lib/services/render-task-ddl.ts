import type { DdlDialect, DdlView } from "@/lib/contracts/task-ddl";
import { ddlTableName } from "@/lib/core/ddl/ddl-input";
import { renderDdl } from "@/lib/core/ddl/dialect";
import { invariant } from "@/lib/core/error";
import { parquetColumnsOf } from "@/lib/core/ports/table-source";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import { listPublishedPartitions } from "@/lib/db/delivered-objects";
import { listSchemaVersions } from "@/lib/db/schema-versions";
import { findDestination, findTask } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

/** A statement that names folders one by one gets no longer than this; its notes then say so. */
const partitionsNamedMax = 1000;

/** The statement that reads what the task delivered, with the columns of its newest schema version. */
export async function renderTaskDdl(
  { database }: Pick<ServiceDependencies, "database">,
  name: string,
  dialect: DdlDialect,
): Promise<DdlView> {
  const task = await findTask(database, name);
  const [destination, versions] = await Promise.all([
    findDestination(database, task.settings.destinationId),
    listSchemaVersions(database, task.id),
  ]);
  const template = readPrefixTemplate(task.settings.prefix);
  const newest = versions.at(-1)?.mapping;
  invariant(template && newest, "A stored task has a legal prefix and a schema");
  const knownPartitions =
    describeLayout(template).kind === "time"
      ? await listPublishedPartitions(database, task.id, partitionsNamedMax + 1)
      : [];
  const { statement, notes } = renderDdl(dialect, {
    tableName: ddlTableName(name),
    bucket: destination.bucket,
    endpoint: destination.endpoint,
    region: destination.region,
    pathStyle: destination.forcePathStyle,
    bucketUrl: null,
    template,
    columns: parquetColumnsOf(newest),
    knownPartitions: knownPartitions.slice(0, partitionsNamedMax).reverse(),
  });
  const cut =
    knownPartitions.length > partitionsNamedMax
      ? [`Only the newest ${partitionsNamedMax} folders are named; more were delivered.`]
      : [];
  return { dialect, statement, notes: [...notes, ...cut] };
}
