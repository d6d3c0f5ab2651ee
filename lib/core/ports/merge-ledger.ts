import type { DatasetColumn } from "../dataset";
import type { AppError } from "../error";
import type { PartitionFacts } from "../merge-plan";
import type { MergeSettings } from "../merge-settings";
import type { Compression } from "../schema-mapping";
import type { DecidedObject } from "./ledger";

/** A partition with objects that are not merged, and no merge under way. */
export type UnmergedPartition = {
  readonly datasetId: string;
  readonly partition: string;
  readonly settings: MergeSettings;
  readonly facts: PartitionFacts;
};

/** A merge that this worker holds; every write of its outcome is fenced by (worker, epoch). */
export type ClaimedMerge = {
  readonly mergeId: string;
  readonly workerId: string;
  readonly epoch: number;
  /** How often it was begun, this time included. */
  readonly attempt: number;
  readonly isAsked: boolean;
  readonly datasetId: string;
  readonly dataset: string;
  readonly destinationId: string;
  readonly folder: string;
  readonly partition: string;
  readonly settings: MergeSettings;
  /** Of the newest schema version. */
  readonly columns: readonly DatasetColumn[];
  readonly compression: Compression;
};

/** A visible object of rows that is not merged. */
export type MergeInput = Pick<
  DecidedObject,
  "objectId" | "bucket" | "key" | "rows" | "bytes" | "crc32"
>;

/** A merged copy whose originals have no reason to stand any more. */
export type ReleasableMerge = {
  readonly mergeId: string;
  readonly dataset: string;
  readonly destinationId: string;
  readonly copy: Pick<DecidedObject, "objectId" | "bucket" | "key" | "bytes">;
  /** Tries before this one that failed. */
  readonly attempt: number;
};

/** What merging needs of the database. Holds and grace times are on the database's clock. */
export interface MergeLedger {
  /** Those that are due, of datasets whose merging is enabled; the largest numbers of objects first. */
  listUnmerged(limit: number): Promise<UnmergedPartition[]>;
  /** Makes a merge of the partition, unless one is under way. */
  openMerge(request: { mergeId: string; datasetId: string; partition: string }): Promise<void>;
  /** The oldest merge that is due and that nobody holds: epoch + 1, held for `holdMs`. */
  claimMerge(request: { workerId: string; holdMs: number }): Promise<ClaimedMerge | null>;
  /** In the order in which they were decided. */
  listInputs(merge: ClaimedMerge, limit: number): Promise<MergeInput[]>;
  /** Remembers what the merge is made of. False: another worker has it by now. */
  beginMerge(merge: ClaimedMerge, inputs: readonly MergeInput[]): Promise<boolean>;
  /** Prolongs the hold. False: another worker has it by now. */
  holdMerge(merge: ClaimedMerge, holdMs: number): Promise<boolean>;
  /** Logs an upload before it is created at the store, so that the janitor can find it. */
  logUpload(request: {
    objectId: string;
    workerId: string;
    destinationId: string;
    bucket: string;
    key: string;
  }): Promise<void>;
  logUploadId(request: { objectId: string; uploadId: string }): Promise<void>;
  forgetUpload(request: { objectId: string; workerId: string; uploadId: string }): Promise<void>;
  /**
   * The moment of truth: one fenced transaction. `outdated`: an input was overwritten meanwhile, or the
   * dataset is gone; the merge has ended. Asking again after an unknown outcome is safe.
   */
  decideMerge(request: {
    merge: ClaimedMerge;
    inputs: readonly MergeInput[];
    copy: DecidedObject;
  }): Promise<"decided" | "outdated" | "fenced">;
  /** There was nothing to merge. */
  endMerge(merge: ClaimedMerge): Promise<void>;
  /** Gives it back, to be tried again after `retryAfterMs`; without an error, it was only interrupted. */
  postponeMerge(merge: ClaimedMerge, error: AppError | null, retryAfterMs: number): Promise<void>;

  /**
   * Published for longer than the grace time, of datasets whose originals are to go, and none of them
   * listed by a download that may still be read.
   */
  listReleasable(limit: number): Promise<ReleasableMerge[]>;
  /**
   * From now on the copy counts as the dataset's rows instead of its originals, which whoever finishes
   * commits takes away (D8). False when a reason to keep them has come up.
   */
  releaseOriginals(mergeId: string): Promise<boolean>;
  saveReleaseError(request: {
    mergeId: string;
    error: AppError;
    retryAfterMs: number;
  }): Promise<void>;
  /** Undoes merges whose upload the store lost after they were decided: their objects are merged anew. */
  undoLostMerges(): Promise<number>;
}
