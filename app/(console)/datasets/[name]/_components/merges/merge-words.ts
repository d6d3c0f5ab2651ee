import type { Tone } from "@/app/_ui/badge";
import { formatBytes, formatDuration } from "@/app/_ui/format-quantity";
import type { DatasetMergeView, MergeState } from "@/lib/contracts/merge-body";

export const stateLooks: Readonly<Record<MergeState, { label: string; tone: Tone }>> = {
  waiting: { label: "waiting", tone: "neutral" },
  running: { label: "merging", tone: "busy" },
  publishing: { label: "publishing", tone: "busy" },
  published: { label: "visible", tone: "good" },
  overwritten: { label: "overwritten", tone: "neutral" },
  outdated: { label: "outdated", tone: "warn" },
  nothing: { label: "nothing to merge", tone: "neutral" },
};

/** `sorted by id, ds`. */
export function orderWords({ kind, columns }: DatasetMergeView["order"]): string {
  if (kind === "none") return "as they were written";
  return `${kind === "sorted" ? "sorted" : "z-ordered"} by ${columns.join(", ")}`;
}

/** What becomes of objects that have a merged copy. */
export function originalsWords(
  merge: Pick<DatasetMergeView, "originals" | "graceSeconds">,
): string {
  if (merge.originals === "keep") return "stay, so that both copies take space";
  return merge.graceSeconds === 0
    ? "go as soon as their copy is visible"
    : `go ${formatDuration(merge.graceSeconds)} after their copy is visible`;
}

export function triggerWords({
  objectsMin,
  smallBytes,
}: Pick<DatasetMergeView, "objectsMin" | "smallBytes">): string {
  return `${objectsMin} objects under ${formatBytes(smallBytes)} in a partition`;
}
