import type { BatchEntry, ChannelEntry } from "../verify-batches";
import type { LedgerEntry, LostReason } from "../verify-objects";
import type { Imbalance, VerifyReport } from "../verify-report";
import type { DecidedBatch, ErrorFact } from "./ledger";
import type { UploadedPart } from "./object-store";
import type { ChannelKind } from "./table-source";

/** What is verified: what a task delivers, or a dataset that sessions write. */
export type VerifySubject = {
  readonly kind: "task" | "dataset";
  readonly id: string;
  readonly name: string;
};

/** A claimed verification; every write of its outcome is fenced by (worker, epoch). */
export type VerifyRun = {
  readonly runId: string;
  readonly subject: VerifySubject;
  readonly workerId: string;
  readonly epoch: number;
  /** `bucket_missing`: to be run as soon as the bucket is back, however long that takes. */
  readonly reason: "asked" | "bucket_missing";
  readonly deep: boolean;
  readonly redeliver: boolean;
  /** Epoch ms on the database's clock. */
  readonly askedAtMs: number;
  /** How often it was begun, this time included. */
  readonly attempt: number;
};

/** The bucket as the destination names it now. */
type Place = { readonly bucket: string; readonly location: string };
export type VerifyPlace = Place & { readonly subject: Pick<VerifySubject, "kind" | "id"> };
export type TaskPlace = Place & { readonly taskId: string };

/** Where a dataset's objects are. */
export type VerifiedDataset = {
  readonly destinationId: string;
  /** Its own, and that of its merged copies. Without a slash at their ends. */
  readonly folders: readonly string[];
};

/** An object of the ledger as the comparison needs it, and what its ETag is made of. */
export type StoredEntry = Omit<LedgerEntry, "etag"> & {
  readonly parts: readonly UploadedPart[];
  /** Being delivered again: it may stand or not. */
  readonly reopened: boolean;
};

export type VerifyChannel = ChannelEntry & {
  readonly channelKey: string;
  readonly kind: ChannelKind;
  /** Read to its end, published, and acked. */
  readonly drained: boolean;
  /** Of a full scan that brings lost base data again. */
  readonly isRescan: boolean;
};

/** Fenced writes answer false when another worker has the run by now. */
export interface VerifyLedger {
  /** The oldest run that is due and nobody alive has; null when there is none. */
  claimRun(workerId: string): Promise<VerifyRun | null>;
  saveProgress(run: VerifyRun, objectsChecked: number): Promise<boolean>;
  finishRun(run: VerifyRun, report: VerifyReport): Promise<boolean>;
  /** The run ends without a report. */
  failRun(run: VerifyRun, error: ErrorFact): Promise<boolean>;
  /** Gives the run back, to be begun anew after `delayMs` by whoever claims it then. */
  postponeRun(run: VerifyRun, error: ErrorFact | null, delayMs: number): Promise<boolean>;

  /** Folders of the task's dirty objects in this bucket. */
  listDirtyFolders(place: TaskPlace): Promise<string[]>;
  /** How many objects of the task were decided for other buckets than this one. */
  countElsewhere(place: VerifyPlace): Promise<number>;
  /** The database's time, epoch ms: what was published before it is to be found by any later listing. */
  now(): Promise<number>;
  /**
   * All objects in the bucket under `folder` ("" or ending in a slash) by any task, in the order of their keys' bytes, each
   * key once. Published after `publishedBeforeMs` counts as pending.
   */
  listEntries(
    place: VerifyPlace,
    request: { folder: string; after: string | null; limit: number; publishedBeforeMs: number },
  ): Promise<StoredEntry[]>;
  /** Those of the keys that the ledger names in this bucket, as it is now. */
  findKnownKeys(bucket: string, keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** The keys of objects by their uuids, of any task; texts that are no uuid are left out. */
  findKeysOfObjects(objectIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Remembers what was not found, and forgets it of what was found again, which then is published. */
  markFound(request: { missing: readonly string[]; standing: readonly string[] }): Promise<void>;

  /** Null once it was deleted. */
  getDataset(datasetId: string): Promise<VerifiedDataset | null>;
  /** Of a dataset: where what was decided does not add up, the first of them. */
  listUnbalanced(datasetId: string, limit: number): Promise<Imbalance[]>;

  /** By lane. */
  listChannels(taskId: string): Promise<VerifyChannel[]>;
  /** Batches `after` < number ≤ `upTo`, in order. */
  listBatches(request: {
    channelKey: string;
    after: number;
    upTo: number;
    limit: number;
  }): Promise<BatchEntry[]>;

  /**
   * Acked batches of the channel after `after`, in order, of which objects in this bucket were found
   * missing at `sinceMs` or later; `objects` holds those alone.
   */
  listMissingBatches(
    place: TaskPlace,
    request: { channelKey: string; after: number; limit: number; sinceMs: number },
  ): Promise<DecidedBatch[]>;
  /**
   * Makes a missing object decided once more, with a new upload under its old key: unpublished until
   * somebody sees it stand. Fenced; refused also for one that a rescan replaced (D1).
   */
  reopenObject(
    run: VerifyRun,
    request: {
      objectId: string;
      uploadId: string;
      parts: readonly UploadedPart[];
      bytes: number;
      crc32: string;
    },
  ): Promise<boolean>;
  markLost(objectIds: readonly string[], because: LostReason): Promise<void>;
  /** Every row object of the task's base data is missing and could not be delivered again. */
  isBaseLost(place: TaskPlace): Promise<boolean>;
  /**
   * Replaces all base objects by a rescan through this tunnel, in one transaction, unless one of them
   * stands or is about to. Fenced.
   */
  startRescan(
    run: VerifyRun,
    place: TaskPlace,
    tunnel: { tunnelName: string; tunnelId: string },
  ): Promise<boolean>;

  /**
   * Destinations of tasks that nobody has looked at for `everyMs`; whoever gets one looks. `prefix` is
   * that of one of its tasks: a key may be allowed no other.
   */
  claimBucketLooks(request: {
    everyMs: number;
    limit: number;
  }): Promise<{ readonly destinationId: string; readonly prefix: string }[]>;
  /** The destination's bucket is missing: its tasks are verified and redelivered once it is back. */
  askAfterBucketLoss(destinationId: string): Promise<void>;
}
