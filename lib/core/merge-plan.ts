/**
 * Which objects of a partition a merge takes, and when.
 *
 * P1 once      Every object lies in exactly one group, in the order in which they were decided.
 * P2 bounded   A group is made of no more than `targetBytes`, unless it is one object alone.
 * P3 full      Of two neighbours, the first could not have taken the second's first object.
 * P4 patient   The last group waits until it has `objectsMin` small objects, or one that is not small,
 *              or as much as a merged object is made of, or somebody asks.
 * P5 lasting   What is due stays due when more is decided.
 */
import type { MergeSettings } from "./merge-settings";

/** An object that stands and is not merged yet. */
export type MergeCandidate = { readonly bytes: number };

type PlanSettings = Pick<MergeSettings, "smallBytes" | "objectsMin" | "targetBytes">;

/** A merge's list of inputs is one statement's parameter, and one file each on the worker's disk. */
export const objectsPerMergeMax = 1_000;

/** What is known of a partition without its list of objects. */
export type PartitionFacts = {
  readonly objects: number;
  readonly smallObjects: number;
  readonly bytes: number;
};

/** Whether there is enough to merge (P4). The same as asking whether `planMerges` has a group. */
export function isMergeDue(
  settings: PlanSettings,
  facts: PartitionFacts,
  isAsked = false,
): boolean {
  const { objects, smallObjects, bytes } = facts;
  if (objects === 0) return false;
  return (
    isAsked ||
    smallObjects >= settings.objectsMin ||
    objects > smallObjects ||
    bytes >= settings.targetBytes
  );
}

/** The groups that are due, oldest first; each becomes one merged object. */
export function planMerges<T extends MergeCandidate>(
  settings: PlanSettings,
  candidates: readonly T[],
  isAsked = false,
): T[][] {
  const groups: T[][] = [];
  let open: T[] = [];
  let openBytes = 0;
  for (const candidate of candidates) {
    const isFull =
      openBytes + candidate.bytes > settings.targetBytes || open.length >= objectsPerMergeMax;
    if (open.length > 0 && isFull) {
      groups.push(open);
      open = [];
      openBytes = 0;
    }
    open.push(candidate);
    openBytes += candidate.bytes;
  }
  const smallObjects = open.filter(({ bytes }) => bytes < settings.smallBytes).length;
  const facts = { objects: open.length, smallObjects, bytes: openBytes };
  return isMergeDue(settings, facts, isAsked) ? [...groups, open] : groups;
}

/** About how many merged objects come of a partition when it is merged now. */
export function estimateOutputs(settings: PlanSettings, facts: PartitionFacts): number {
  const byBytes = Math.ceil(facts.bytes / settings.targetBytes);
  const most = Math.max(byBytes, Math.ceil(facts.objects / objectsPerMergeMax));
  return Math.min(facts.objects, most);
}

const rowGroupRowsOf = { none: 100_000, sorted: 100_000, zordered: 10_000 } as const;
/** A row group is in the merging process's memory while it is written. */
const rowGroupBytesMax = 64 * 1024 * 1024;
const rowGroupRowsMin = 2_048;

/** Rows of a row group: as asked for, and fewer where rows are large. */
export function planRowGroupRows(
  { rowGroupRows, order }: Pick<MergeSettings, "rowGroupRows" | "order">,
  inputs: { readonly rows: number; readonly bytes: number },
): number {
  const wanted = rowGroupRows ?? rowGroupRowsOf[order.kind];
  const fitting = Math.floor((rowGroupBytesMax * inputs.rows) / Math.max(1, inputs.bytes));
  return Math.max(rowGroupRowsMin, Math.min(wanted, fitting));
}
