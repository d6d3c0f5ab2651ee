import type { DatasetMergeView } from "@/lib/contracts/merge-body";
import type { StoredMerging } from "@/lib/db/merge-settings";

/** Null while nobody has said how the dataset is merged. */
export function mergingViewOf(merging: StoredMerging | undefined): DatasetMergeView | null {
  if (!merging) return null;
  const { order, ...settings } = merging.settings;
  const { doubledBytes, ...merged } = merging.totals;
  return {
    ...settings,
    order: { kind: order.kind, columns: [...order.columns] },
    merged,
    doubledBytes,
  };
}
