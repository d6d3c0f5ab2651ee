import {
  type DatasetColumn,
  type DatasetSettings,
  datasetTemplate,
  partitionColumnsMax,
} from "./dataset";
import { checkFolder } from "./folder";
import type { Problem } from "./problem";
import { checkSchema } from "./schema-check";
import type { MappedColumn } from "./schema-mapping";

const namePattern = /^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$/;
/** Lower case only: metastores fold the names of folder columns. */
const partitionColumnPattern = /^[a-z][a-z0-9_]{0,62}$/;

/** Every problem of a dataset's settings that can be seen without looking at the world. */
export function checkDataset(
  settings: Pick<DatasetSettings, "name" | "folder" | "partitionColumns" | "columns">,
): Problem[] {
  const { name, folder, partitionColumns, columns } = settings;
  return [
    ...checkName(name),
    ...checkDatasetFolderName(folder),
    ...checkPartitionColumns(partitionColumns),
    ...checkColumns(columns, settings),
  ];
}

function checkName(name: string): Problem[] {
  if (namePattern.test(name)) return [];
  const message =
    "A name has 3 to 64 lowercase letters, digits and hyphens, and begins and ends with a letter or digit.";
  return [{ field: "name", message }];
}

/** Of a dataset, and of its merged copies. */
export function checkDatasetFolderName(folder: string): Problem[] {
  const problems = checkFolder(folder, "folder");
  const dollarAt = folder.indexOf("$");
  if (dollarAt >= 0) {
    const message = "A dataset's folder has no time variables; name partition columns instead.";
    problems.push({ field: "folder", message, at: dollarAt });
  }
  const equalsAt = folder.indexOf("=");
  if (equalsAt >= 0) {
    const message =
      "Engines would take a folder name=value for a partition; name a column instead.";
    problems.push({ field: "folder", message, at: equalsAt });
  }
  return problems;
}

function checkPartitionColumns(names: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  if (names.length > partitionColumnsMax) {
    const message = `There are at most ${partitionColumnsMax} partition columns.`;
    problems.push({ field: "partitionColumns", message });
  }
  for (const [index, name] of names.entries()) {
    const field = `partitionColumns[${index}]`;
    if (!partitionColumnPattern.test(name)) {
      const message =
        "A partition column has 1 to 63 lowercase letters, digits and underscores, and begins with a letter.";
      problems.push({ field, message });
    }
    if (names.indexOf(name) < index) problems.push({ field, message: `${name} is named twice.` });
  }
  return problems;
}

/** The rules that a task's manual mapping has, under the names of this body. */
function checkColumns(
  columns: readonly DatasetColumn[],
  settings: Pick<DatasetSettings, "folder" | "partitionColumns">,
): Problem[] {
  const { problems } = checkSchema({
    kind: "manual",
    columns: mappedColumnsOf(columns),
    template: datasetTemplate(settings),
    table: null,
    samples: [],
  });
  return problems
    .filter(({ field }) => !field.endsWith(".source"))
    .map((problem) => ({ ...problem, field: problem.field.replace(/^schema[.]/, "") }));
}

function mappedColumnsOf(columns: readonly DatasetColumn[]): MappedColumn[] {
  return columns.map(({ name, type }) => ({ source: name, name, type, encoding: "PLAIN" }));
}

/**
 * The columns that `wanted` asks for instead of `present`. Objects that are there keep what they have,
 * so columns can only be added, at the end: readers find them null in older objects.
 */
export function checkColumnChange(
  present: readonly DatasetColumn[],
  wanted: readonly DatasetColumn[],
  settings: Pick<DatasetSettings, "folder" | "partitionColumns">,
): Problem[] {
  const problems = checkColumns(wanted, settings);
  for (const [index, { name, type }] of present.entries()) {
    const found = wanted[index];
    if (found?.name === name && found.type === type) continue;
    const message = `Column ${index + 1} is ${name} (${type}), and objects have it so: columns can only be added at the end.`;
    problems.push({ field: found ? `columns[${index}]` : "columns", message });
  }
  return problems;
}
