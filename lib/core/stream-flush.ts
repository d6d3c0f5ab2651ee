import type { StreamSessionStatus } from "./stream-session";

/** A pack that is staged and about to be decided, as far as the decision goes. */
export type JudgedPack = {
  readonly contentHash: string;
  /** The one that it was read with. */
  readonly schemaVersion: number;
};

/** What the deciding transaction knows of a pack, under its locks. */
export type FlushFacts = {
  /** What was decided under the flush's id. */
  readonly recordedHash: string | null;
  readonly session: StreamSessionStatus;
  readonly datasetVersion: number;
  /** An overwrite of the partition is open or unfinished. */
  readonly isOverwritten: boolean;
  /** The partition is not being written, and as many as may be are. */
  readonly isOnePartitionTooMany: boolean;
};

export type FlushVerdict =
  | "decide"
  /** Decided before: its answer may have been lost. */
  | "recorded"
  /** Another pack was decided under this id. */
  | "differs"
  | "ended"
  | "expired"
  | "schema_modified"
  | "overwritten"
  | "too_many_partitions";

/** What is recorded comes first: it stands, whatever became of the session since (T2, T6). */
export function judgeFlush(pack: JudgedPack, facts: FlushFacts): FlushVerdict {
  if (facts.recordedHash !== null) {
    return facts.recordedHash === pack.contentHash ? "recorded" : "differs";
  }
  if (facts.session !== "normal") return facts.session;
  if (facts.datasetVersion !== pack.schemaVersion) return "schema_modified";
  if (facts.isOverwritten) return "overwritten";
  return facts.isOnePartitionTooMany ? "too_many_partitions" : "decide";
}

/**
 * A window is decided when every pack of it may be; otherwise nothing is, those that may not are
 * answered, and the others are staged anew: one object has one window's rows and no others (T3).
 */
export function canDecide(verdicts: readonly FlushVerdict[]): boolean {
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === "decide");
}

/** Partitions of a dataset that streams write at the same time, as documented. */
export const streamedPartitionsMax = 64;
/** A stream is on a partition until its session ends, or until it has not flushed there for so long. */
export const partitionIdleMs = 5 * 60 * 1_000;
