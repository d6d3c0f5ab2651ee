import type { DatasetView } from "@/lib/contracts/dataset-body";
import { parseFields } from "@/lib/contracts/field-problems";
import {
  type MergePreviewView,
  mergeSettingsBodySchema,
  mergeSettingsShape,
  type ParsedMergeSettings,
} from "@/lib/contracts/merge-body";
import { checkDatasetFolderName } from "@/lib/core/dataset-check";
import { checkDatasetFolder } from "@/lib/core/dataset-folder";
import { specOfFolder } from "@/lib/core/dataset-partition";
import { AppError } from "@/lib/core/error";
import { estimateOutputs, isMergeDue } from "@/lib/core/merge-plan";
import {
  checkMergeSettings,
  defaultMergeFolder,
  type MergeSettings,
} from "@/lib/core/merge-settings";
import type { Problem } from "@/lib/core/problem";
import type { StoredDataset } from "@/lib/db/datasets";
import { checkFolderStays, getMergings, saveMergeSettings } from "@/lib/db/merge-settings";
import { listUnmergedTotals, type UnmergedTotals } from "@/lib/db/merges";
import { withStore } from "./connections";
import { getDataset } from "./datasets";
import { datasetNotFound, findDataset } from "./find-dataset";
import { findDestination } from "./find-stored";
import { throwProblems } from "./inspect-task";
import { lookAt } from "./remote-problem";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "connections">;
type Draft = { [K in keyof ParsedMergeSettings]?: ParsedMergeSettings[K] | undefined };

const partitionsShownMax = 200;

/** Throws `merge.task_dataset` for what a task delivers. */
export async function findMergeable(
  database: Needs["database"],
  name: string,
): Promise<StoredDataset> {
  const found = await findDataset(database, name);
  if (found.origin === "dataset") return found.dataset;
  throw new AppError("merge.task_dataset", "A task writes it", { details: { name } });
}

/**
 * Sets how the dataset is merged. Merged copies have their folder for themselves, and keep it once one
 * stands there. Throws `InvalidInputError` with every problem at once.
 */
export async function setMergeSettings(
  needs: Needs,
  name: string,
  input: unknown,
): Promise<DatasetView> {
  const dataset = await findMergeable(needs.database, name);
  const settings = await readSettings(needs, dataset, input, { probes: true });
  const place = await findDestination(needs.database, dataset.settings.destinationId);
  const request = { datasetId: dataset.id, settings, place };
  const problems = await saveMergeSettings(needs.database, request, (others) =>
    checkDatasetFolder(settings.folder, others),
  );
  if (problems === null) throw datasetNotFound(name);
  throwProblems(problems, []);
  return getDataset(needs.database, name);
}

/** The settings that the input asks for, once nothing is wrong with them by themselves and in the bucket. */
async function readSettings(
  needs: Needs,
  dataset: StoredDataset,
  input: unknown,
  { probes }: { readonly probes: boolean },
): Promise<MergeSettings> {
  const { fields, problems: shapeProblems } = parseFields(mergeSettingsShape, input);
  const draft: Draft = fields;
  const folder = draft.folder ?? defaultMergeFolder(dataset.settings.folder);
  const isShapeless = shapeProblems.some(({ field }) => field === "folder");
  const folderProblems = isShapeless ? [] : checkDatasetFolderName(folder);
  const look =
    isShapeless || folderProblems.length > 0
      ? null
      : await lookIntoFolder(needs, dataset, { folder, probes });
  throwProblems(
    [
      ...shapeProblems,
      ...folderProblems,
      ...checkDraft(draft, dataset),
      ...(look ? [look.problem] : []),
    ],
    [look?.error ?? null],
  );
  return { ...mergeSettingsBodySchema.parse(draft), folder };
}

/** What is wrong by shape has its problem already and is not looked at again. */
function checkDraft(
  { order, smallBytes, targetBytes }: Draft,
  { settings }: StoredDataset,
): Problem[] {
  const isComparable = smallBytes !== undefined && targetBytes !== undefined;
  const sizes = isComparable ? { smallBytes, targetBytes } : { smallBytes: 0, targetBytes: 0 };
  return checkMergeSettings(
    { order: order ?? { kind: "none", columns: [] }, ...sizes },
    settings.columns,
  );
}

/** A folder that nobody has merged into yet has to be empty, and, when it is probed, to take uploads. */
async function lookIntoFolder(
  { database, connections }: Needs,
  dataset: StoredDataset,
  { folder, probes }: { readonly folder: string; readonly probes: boolean },
): Promise<{ readonly problem: Problem; readonly error: AppError } | null> {
  const present = (await getMergings(database, [dataset.id])).get(dataset.id);
  if (present?.settings.folder === folder) return null;
  const look = await lookAt("folder", async () => {
    const stored = await findDestination(database, dataset.settings.destinationId);
    return withStore(connections, stored, async (store) => {
      if (probes) await store.checkBucket(`${folder}/`);
      return (await store.list({ prefix: `${folder}/`, limit: 1 })).objects[0]?.key ?? null;
    });
  });
  if (look.kind === "failed") return look;
  if (look.value === null) return null;
  const reason = `${look.value} stands in the folder, and merged copies need one for themselves.`;
  const error = new AppError("dataset.folder_foreign", reason, { details: { reason } });
  return { problem: { field: "folder", message: reason }, error };
}

/** What such settings would do now. Nothing is done. */
export async function previewMerges(
  needs: Needs,
  name: string,
  input: unknown,
): Promise<MergePreviewView> {
  const dataset = await findMergeable(needs.database, name);
  const settings = await readSettings(needs, dataset, input, { probes: false });
  throwProblems(await checkFolderStays(needs.database, dataset.id, settings.folder), []);
  const unmerged = await listUnmergedTotals(needs.database, dataset.id, settings.smallBytes);
  const due = unmerged.filter((facts) => isMergeDue(settings, facts));
  const plans = due.map((facts) => planOf(settings, dataset, facts));
  const sum = (of: (plan: (typeof plans)[number]) => number) =>
    plans.reduce((total, plan) => total + of(plan), 0);
  const bytes = sum((plan) => plan.bytes);
  const waiting = unmerged.filter((facts) => !isMergeDue(settings, facts));
  return {
    total: {
      ...{ objects: sum((plan) => plan.objects), rows: sum((plan) => plan.rows), bytes },
      outputObjects: sum((plan) => plan.outputObjects),
    },
    partitions: plans.slice(0, partitionsShownMax),
    partitionCount: plans.length,
    waiting: {
      objects: waiting.reduce((total, { objects }) => total + objects, 0),
      partitions: waiting.length,
    },
    extraBytes: bytes,
    extraSeconds: settings.originals === "keep" ? null : settings.graceSeconds,
  };
}

function planOf(
  settings: MergeSettings,
  { settings: { folder } }: StoredDataset,
  facts: UnmergedTotals,
) {
  const { partition, objects, rows, bytes } = facts;
  const outputObjects = estimateOutputs(settings, facts);
  return {
    folder: partition,
    spec: specOfFolder({ folder }, partition),
    objects,
    rows,
    bytes,
    outputObjects,
  };
}
