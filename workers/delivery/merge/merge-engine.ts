import type { DatasetColumn } from "@/lib/core/dataset";
import type { MergeOrder } from "@/lib/core/merge-settings";
import type { Compression } from "@/lib/core/schema-mapping";

/** Files that become one. All paths are of the worker's own disk. */
export type MergeWork = {
  /** In the order in which their objects were decided. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** Of the copy; a file that lacks one has nulls in it. */
  readonly columns: readonly DatasetColumn[];
  readonly order: MergeOrder;
  readonly rowGroupRows: number;
  readonly compression: Compression;
  readonly memoryBytes: number;
  readonly spillDirectory: string;
  readonly spillBytesMax: number;
};

/** What came of merging; by `input` the one that it is about, from 0. */
export type MergeVerdict =
  /** Rows as they were counted in the inputs and, again, in the output. */
  | { readonly kind: "merged"; readonly rows: number }
  | { readonly kind: "input_broken"; readonly input: number; readonly reason: string }
  | { readonly kind: "copy_differs"; readonly what: string };

export type MergeResult = {
  readonly verdict: MergeVerdict;
  /** The most memory that the engine had. */
  readonly peakBytes: number;
};

/**
 * Merges files, and shows that the output holds what the inputs hold: the number of rows, and the sum and
 * the xor of their hashes over all columns. Throws `merge.engine_failed`.
 */
export interface MergeEngine {
  merge(work: MergeWork, signal: AbortSignal): Promise<MergeResult>;
}
