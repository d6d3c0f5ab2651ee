import { parseFields } from "@/lib/contracts/field-problems";
import { type ParsedTaskPatch, taskBodyShape, taskPatchShape } from "@/lib/contracts/task-body";
import { checkTaskAgainstDatasets } from "@/lib/core/dataset-folder";
import { checkDirtyPrefix } from "@/lib/core/dirty-prefix";
import { type AppError, invariant } from "@/lib/core/error";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import type { Problem } from "@/lib/core/problem";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import { listDatasetFolders } from "@/lib/db/dataset-writers";
import { listSchemaVersions } from "@/lib/db/schema-versions";
import { listTaskFolders } from "@/lib/db/task-folders";
import { addSchema } from "@/lib/db/task-schemas";
import { type StoredTask, updateTask as storeChanges, type TaskChanges } from "@/lib/db/tasks";
import { checkFoldersApart } from "./check-folders";
import { definedFields } from "./defined-fields";
import { findDestination, findTask } from "./find-stored";
import { inspectTask, throwProblems } from "./inspect-task";
import { beingDeleted } from "./pause-task";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;

/**
 * Changes what may change; what is not named stays. A change of the mapping becomes the next schema
 * version. Throws `InvalidInputError` with every problem at once, settings that never change among them.
 */
export async function updateTask(needs: Needs, name: string, input: unknown): Promise<StoredTask> {
  const task = await findTask(needs.database, name);
  const { fields: patch, problems: shapeProblems } = parseFields(taskPatchShape, input);
  const plan = await planMapping(needs, task, patch);
  const dirtyProblems = await checkDirty(needs, patch, task.settings);
  throwProblems(
    [...shapeProblems.map(sayThatItIsFixed), ...dirtyProblems, ...(plan?.problems ?? [])],
    [plan?.failure ?? null],
  );
  // The version first: workers take up both at once when they see that the settings changed.
  if (plan?.mapping) await addVersion(needs, task.id, plan.mapping);
  const stored = await storeChanges(needs.database, task.id, changesOf(patch, task.settings));
  if (!stored) throw beingDeleted(name);
  return stored;
}

function sayThatItIsFixed(problem: Problem): Problem {
  const isFixed =
    Object.hasOwn(taskBodyShape, problem.field) && !Object.hasOwn(taskPatchShape, problem.field);
  if (!isFixed) return problem;
  const message = "This never changes after creation: delivered objects rest on it.";
  return { ...problem, message };
}

async function checkDirty(
  { database }: Needs,
  { dirtyPrefix }: ParsedTaskPatch,
  settings: TaskSettings,
): Promise<Problem[]> {
  if (!dirtyPrefix) return [];
  const destination = await findDestination(database, settings.destinationId);
  const folders = await listTaskFolders(database, destination);
  const others = folders.filter(({ name }) => name !== settings.name);
  return [
    ...checkDirtyPrefix(dirtyPrefix, readPrefixTemplate(settings.prefix)),
    ...checkFoldersApart({ template: null, dirtyPrefix }, others),
    ...checkTaskAgainstDatasets(
      { template: null, dirtyPrefix },
      await listDatasetFolders(database, destination),
    ),
  ];
}

function changesOf(patch: ParsedTaskPatch, settings: TaskSettings): TaskChanges {
  const { flush, thresholds, ...others } = patch;
  return {
    ...definedFields(others),
    ...(flush === undefined ? {} : { flush: { ...settings.flush, ...definedFields(flush) } }),
    ...(thresholds === undefined ? {} : thresholds),
  };
}

type MappingPlan = {
  readonly problems: readonly Problem[];
  readonly failure: AppError | null;
  readonly mapping: SchemaMapping | null;
};

/** What the next schema version has to be; null when the patch leaves the mapping alone. */
async function planMapping(
  needs: Needs,
  { id, settings }: StoredTask,
  patch: ParsedTaskPatch,
): Promise<MappingPlan | null> {
  if (patch.schema === undefined && patch.metadataColumns === undefined) return null;
  const metadataColumns = patch.metadataColumns ?? [...settings.metadataColumns];
  const staysAuto = patch.schema?.kind === "auto" && settings.schema.kind === "auto";
  if (patch.schema === undefined || staysAuto) {
    const newest = (await listSchemaVersions(needs.database, id)).at(-1)?.mapping;
    invariant(newest, "A task has a schema");
    return { problems: [], failure: null, mapping: { ...newest, metadataColumns } };
  }
  const { sourceId, table, prefix } = settings;
  const { problems, failure, schema } = await inspectTask(needs, {
    sourceId,
    table,
    prefix,
    schema: patch.schema,
    metadataColumns,
  });
  return { problems, failure, mapping: schema };
}

const versionAttemptsMax = 10;

/** As the version after the newest, unless the newest says the same. Workers add versions meanwhile. */
async function addVersion(needs: Needs, taskId: string, wanted: SchemaMapping): Promise<void> {
  for (let attempt = 0; attempt < versionAttemptsMax; attempt += 1) {
    const newest = (await listSchemaVersions(needs.database, taskId)).at(-1)?.mapping;
    if (newest && isSameMapping(newest, wanted)) return;
    const schema = { ...wanted, version: (newest?.version ?? 0) + 1 };
    const stored = await addSchema(needs.database, { taskId, schema, reason: "changed" });
    if (isSameMapping(stored, wanted)) return;
  }
  invariant(false, "A schema version is added within a few attempts");
}

function isSameMapping(one: SchemaMapping, other: SchemaMapping): boolean {
  const text = ({ kind, columns, metadataColumns }: SchemaMapping) =>
    JSON.stringify([
      kind,
      columns.map(({ source, name, type, encoding }) => [source, name, type, encoding]),
      metadataColumns,
    ]);
  return text(one) === text(other);
}
