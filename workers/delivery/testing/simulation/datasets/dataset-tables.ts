import type { ErrorCode } from "@/lib/core/error-codes";
import type { MergeSettings } from "@/lib/core/merge-settings";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { UploadedPart } from "@/lib/core/ports/object-store";

export const datasetId = "d";
export const datasetName = "rows";
export const datasetFolder = "lake/rows";
export const mergeFolder = "lake/rows_merged";
export const partitions = [`${datasetFolder}/p=a`, `${datasetFolder}/p=b`] as const;
export const destinationId = "sim";
export const columns = [{ name: "id", type: "INT64" }] as const;

/** A day of upload sessions and of the janitor, an idle stream's hour, and so on: no schedule lasts longer. */
export const simulated = {
  dayMs: 3_000,
  streamLifetimeMs: 6_000,
  streamIdleMs: 2_500,
  partitionIdleMs: 900,
  monthMs: 60_000,
  /** What a minute's hold is divided by, so that a dead worker's is over within a schedule. */
  holdsDividedBy: 20,
} as const;

/** Of `dataset_commit`. */
export type CommitRow = {
  readonly id: string;
  readonly writer: "upload" | "stream" | "merge";
  readonly decidedAtMs: number;
  readonly objects: number;
  finishAfterMs: number;
  publishedAtMs: number | null;
  finishedAtMs: number | null;
  attempt: number;
  errorCode: ErrorCode | null;
};

/** Of `delivered_object`. */
export type ObjectRow = Omit<DecidedObject, "kind"> & {
  kind: "rows" | "merged";
  readonly commitId: string;
  readonly decidedAtMs: number;
  publishedAtMs: number | null;
  replacedBy: string | null;
  removedAtMs: number | null;
  mergedBy: string | null;
};

/** Of `upload_block`: as it was written last and whole. */
export type BlockRow = {
  readonly blockId: number;
  readonly objectId: string;
  readonly key: string;
  readonly uploadId: string | null;
  readonly parts: readonly UploadedPart[];
  readonly rows: number;
  readonly bytes: number;
  readonly crc32: string;
};

/** Of `upload_session`, with its blocks. */
export type UploadSessionRow = {
  readonly id: string;
  readonly partition: string;
  readonly overwrites: boolean;
  readonly expiresAtMs: number;
  abortedAtMs: number | null;
  commitId: string | null;
  readonly blocks: Map<number, BlockRow>;
};

/** Of `stream_session`, with when it wrote which partition. */
export type StreamSessionRow = {
  readonly id: string;
  readonly createdAtMs: number;
  expiresAtMs: number;
  endedAtMs: number | null;
  schemaVersion: number;
  readonly writtenAtMs: Map<string, number>;
};

/** Of `stream_flush`. */
export type FlushRow = {
  readonly contentHash: string;
  readonly rows: number;
  readonly decidedAtMs: number;
  readonly commitId: string | null;
};

/** Of `dataset_merge`. */
export type MergeRow = {
  readonly id: string;
  readonly partition: string;
  readonly isAsked: boolean;
  readonly requestedAtMs: number;
  owner: string | null;
  epoch: number;
  attempt: number;
  holdUntilMs: number | null;
  nextTryAtMs: number | null;
  endedAtMs: number | null;
  outcome: "decided" | "outdated" | "nothing" | null;
  releasedAtMs: number | null;
  overwrittenBy: string | null;
};

/** Of `upload`: the log that the janitor reads. */
type LoggedUpload = {
  readonly objectId: string;
  readonly workerId: string;
  readonly key: string;
  readonly atMs: number;
  uploadId: string | null;
};

/** A download session, as far as it keeps originals in their place. */
type DownloadRow = { readonly objectIds: ReadonlySet<string>; readonly expiresAtMs: number };

/** What bounds the dataset: the product's constants, or less, so that a schedule reaches them. */
export type DatasetLimits = {
  readonly unfinishedMax: number;
  readonly streamedPartitionsMax: number;
};

/**
 * The database in memory, with one dataset of two partitions. What stands between two statements of one
 * transaction is a plain function here: nothing in here waits, so every transaction is one effect.
 */
export class DatasetTables {
  readonly commits = new Map<string, CommitRow>();
  readonly objects = new Map<string, ObjectRow>();
  readonly uploadSessions = new Map<string, UploadSessionRow>();
  readonly streamSessions = new Map<string, StreamSessionRow>();
  readonly flushes = new Map<string, FlushRow>();
  readonly merges = new Map<string, MergeRow>();
  readonly downloads: DownloadRow[] = [];
  readonly totals = { objects: 0, rows: 0, bytes: 0 };
  readonly limits: DatasetLimits;
  readonly nowMs: () => number;
  /** Whether a worker's lease holds. */
  readonly isAlive: (workerId: string) => boolean;
  uploads: LoggedUpload[] = [];
  schemaVersion = 1;
  mergeSettings: MergeSettings;

  constructor(options: {
    readonly nowMs: () => number;
    readonly isAlive: (workerId: string) => boolean;
    readonly limits: DatasetLimits;
    readonly mergeSettings: MergeSettings;
  }) {
    this.nowMs = options.nowMs;
    this.isAlive = options.isAlive;
    this.limits = options.limits;
    this.mergeSettings = options.mergeSettings;
  }

  /** Visible, current, and in no copy: what a merge may take, in the order of the decides. */
  unmerged(partition: string): ObjectRow[] {
    return [...this.objects.values()].filter((one) => one.partition === partition && isFree(one));
  }

  objectsOf(commitId: string): ObjectRow[] {
    return [...this.objects.values()].filter((one) => one.commitId === commitId);
  }

  insertCommit(
    commit: Pick<CommitRow, "id" | "writer">,
    objects: readonly Omit<DecidedObject, "kind">[],
    kind: ObjectRow["kind"] = "rows",
  ): void {
    const nowMs = this.nowMs();
    this.commits.set(commit.id, {
      ...commit,
      ...{ decidedAtMs: nowMs, objects: objects.length, finishAfterMs: nowMs },
      ...{ publishedAtMs: null, finishedAtMs: null, attempt: 0, errorCode: null },
    });
    for (const object of objects) {
      this.objects.set(object.objectId, {
        ...object,
        ...{ kind, commitId: commit.id, decidedAtMs: nowMs, publishedAtMs: null },
        ...{ replacedBy: null, removedAtMs: null },
        mergedBy: kind === "merged" ? commit.id : null,
      });
    }
    if (kind === "rows") this.addTotals(objects, 1);
  }

  addTotals(objects: readonly Pick<DecidedObject, "rows" | "bytes">[], sign: 1 | -1): void {
    for (const { rows, bytes } of objects) {
      this.totals.objects += sign;
      this.totals.rows += sign * rows;
      this.totals.bytes += sign * bytes;
    }
  }
}

export function isFree(object: ObjectRow): boolean {
  const { kind, mergedBy, replacedBy, publishedAtMs } = object;
  return kind === "rows" && mergedBy === null && replacedBy === null && publishedAtMs !== null;
}
