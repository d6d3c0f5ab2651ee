import type { DatasetSettings } from "./dataset";
import { standsUnderPrefix } from "./dirty-prefix";
import { trimFolder } from "./object-key";
import { describeLayout } from "./prefix-layout";
import { type PrefixTemplate, readPrefixTemplate } from "./prefix-template";
import type { Problem } from "./problem";

/** Who writes where in a bucket. `prefix` is a folder, of a task with time variables. */
export type WriterFolders = {
  readonly kind: "task" | "dataset";
  readonly name: string;
  readonly prefix: string;
  readonly dirtyPrefix: string | null;
};

/** Whether one folder is the other or lies in it. */
function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** Whether some object could stand both in the folder and where the template's readers look. */
export function overlapsTemplate(folder: string, template: PrefixTemplate): boolean {
  return standsUnderPrefix(template, folder) || isWithin(describeLayout(template).root, folder);
}

/**
 * A dataset has its folder for itself: whoever reads it takes everything in it for rows of its schema.
 * `others` are all writers of the same bucket.
 */
export function checkDatasetFolder(folder: string, others: readonly WriterFolders[]): Problem[] {
  return others.flatMap((other): Problem[] => {
    const problem = (what: string): Problem[] => [
      { field: "folder", message: `This folder and ${what} lie in each other.` },
    ];
    if (other.dirtyPrefix !== null && isWithin(trimFolder(other.dirtyPrefix), folder)) {
      return problem(`${other.dirtyPrefix}, where the task ${other.name} puts dirty values,`);
    }
    const template = readPrefixTemplate(other.prefix);
    if (template === null || !overlapsTemplate(folder, template)) return [];
    return problem(`${other.prefix}, which the ${other.kind} ${other.name} writes,`);
  });
}

/** The same, asked for a task that is about to be made or changed. */
export function checkTaskAgainstDatasets(
  own: { readonly template: PrefixTemplate | null; readonly dirtyPrefix: string | null },
  datasets: readonly { readonly name: string; readonly folder: string }[],
): Problem[] {
  return datasets.flatMap(({ name, folder }): Problem[] => {
    const message = `The folder ${folder} belongs to the dataset ${name}, which has it for itself.`;
    const problems: Problem[] = [];
    if (own.template && overlapsTemplate(folder, own.template)) {
      problems.push({ field: "prefix", message });
    }
    if (own.dirtyPrefix !== null && isWithin(trimFolder(own.dirtyPrefix), folder)) {
      problems.push({ field: "dirtyPrefix", message });
    }
    return problems;
  });
}

type Layout = Pick<DatasetSettings, "folder" | "partitionColumns" | "columns">;

/**
 * Whether a dataset can take over what a deleted one left in its folder: the same folders, and every
 * column that the objects may have, where readers expect it.
 */
export function canAdopt(wanted: Layout, former: Layout): boolean {
  return (
    wanted.folder === former.folder &&
    wanted.partitionColumns.join() === former.partitionColumns.join() &&
    former.columns.every(({ name, type }, index) => {
      const column = wanted.columns[index];
      return column?.name === name && column.type === type;
    })
  );
}
