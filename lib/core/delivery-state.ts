import type { ErrorCode } from "./error-codes";
import type { Fault } from "./error-kind";
import type { IdleReads } from "./idle-reads";
import type { SealReason } from "./ports/ledger";
import type { RecordCounts } from "./ports/table-source";
import type { SealLimits } from "./seal-policy";

/** A decided batch as far as finishing it needs: what is left is to publish (maybe) and to ack. */
export type UnackedBatch = {
  readonly number: number;
  readonly endCheckpoint: string;
  readonly finished: boolean;
  readonly published: boolean;
};

/** Records read since the last decided batch. A position is always a read border. */
export type OpenBatch = {
  readonly startCheckpoint: string;
  readonly endCheckpoint: string;
  readonly finished: boolean;
  readonly counts: RecordCounts;
  /** Estimated bytes of the objects, were they closed now. */
  readonly bytes: number;
  /** Memory that its rows take, with all that is not staged yet. */
  readonly heldBytes: number;
  /** Objects that have enough finished bytes for a part of an upload. */
  readonly wholeParts: number;
  /** Folders that its rows lie in: as many objects would it be. */
  readonly partitions: number;
  /** When its first record was read, ms of a clock that never steps; null while it has none. */
  readonly openedAtMs: number | null;
  /** When its age alone seals it, ms of the same clock; null while it has no record. */
  readonly dueAtMs: number | null;
};

export type Doing =
  | { readonly kind: "reading" }
  | { readonly kind: "appending"; readonly page: PageFact }
  | { readonly kind: "growing"; readonly page: PageFact }
  | { readonly kind: "stagingAhead"; readonly page: PageFact }
  | { readonly kind: "staging"; readonly sealedBy: SealReason; readonly page: PageFact | null }
  | { readonly kind: "deciding"; readonly sealedBy: SealReason; readonly page: PageFact | null }
  | { readonly kind: "publishing" }
  | { readonly kind: "restaging"; readonly objectIds: readonly string[] }
  | { readonly kind: "acking" }
  | {
      readonly kind: "waiting";
      readonly untilMs: number;
      readonly resume: Exclude<Doing, { kind: "waiting" | "stopped" }>;
    }
  | { readonly kind: "stopped"; readonly why: StopReason };

export type StopReason = "released" | "deleted" | "fenced" | "finished";

export type DeliveryState = {
  readonly batchNumber: number;
  readonly open: OpenBatch;
  /** Decided and not yet acked, oldest first. While there is one, nothing is read. */
  readonly unacked: readonly UnackedBatch[];
  /** When the position was last decided, ms of the same clock: an idle position is decided at most once a minute. */
  readonly decidedAtMs: number;
  readonly stopping: "release" | "delete" | null;
  /** Consecutive failures; any progress sets it to 0. */
  readonly failures: number;
  /** Null after a read that brought something. */
  readonly idle: IdleReads | null;
  /** A page that was read before a batch border and still has to be appended, kept by the loop. */
  readonly heldPage: PageFact | null;
  readonly doing: Doing;
};

/** What is known of a page before any of its records is appended. */
export type PageFact = {
  readonly records: number;
  readonly next: string;
  readonly finished: boolean;
  readonly mayHaveMore: boolean;
  readonly hasUnseenColumns: boolean;
};

export type Fact =
  | {
      readonly kind: "pageRead";
      readonly page: PageFact;
      readonly nowMs: number;
      /** From the question to the answer; null while there is none: it was not waited for any longer. */
      readonly tookMs: number | null;
    }
  | {
      readonly kind: "appended";
      readonly counts: RecordCounts;
      readonly bytes: number;
      readonly heldBytes: number;
      readonly wholeParts: number;
      readonly partitions: number;
      readonly nowMs: number;
    }
  | { readonly kind: "grown" }
  | { readonly kind: "stagedAhead"; readonly heldBytes: number; readonly nowMs: number }
  | { readonly kind: "staged" }
  | { readonly kind: "decided"; readonly nowMs: number }
  | { readonly kind: "published" }
  | { readonly kind: "uploadsGone"; readonly objectIds: readonly string[] }
  | { readonly kind: "restaged" }
  | { readonly kind: "acked" }
  | { readonly kind: "elapsed"; readonly nowMs: number }
  | { readonly kind: "fenced" }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly fault: Fault;
      readonly nowMs: number;
      readonly jitter: number;
    }
  /** A failure that took open rows with it: they have to be read again. */
  | {
      readonly kind: "openLost";
      readonly fault: Fault;
      readonly nowMs: number;
      readonly jitter: number;
    }
  | { readonly kind: "stopRequested"; readonly how: "release" | "delete" };

export type Command =
  /** To wait for an answer until then at the most: the open batch is due. */
  | { readonly kind: "read"; readonly checkpoint: string; readonly untilMs: number | null }
  | { readonly kind: "append" }
  | { readonly kind: "growSchema" }
  | { readonly kind: "stageAhead" }
  | {
      readonly kind: "stage";
      readonly number: number;
      readonly sealedBy: SealReason;
      readonly open: OpenBatch;
    }
  | {
      readonly kind: "decide";
      readonly number: number;
      readonly sealedBy: SealReason;
      readonly open: OpenBatch;
    }
  | { readonly kind: "publish"; readonly batch: UnackedBatch }
  | {
      readonly kind: "restage";
      readonly batch: UnackedBatch;
      readonly objectIds: readonly string[];
    }
  | { readonly kind: "ack"; readonly batch: UnackedBatch }
  | { readonly kind: "wait"; readonly untilMs: number; readonly attempt: number }
  | { readonly kind: "stop"; readonly why: StopReason };

export type DeliveryLimits = SealLimits & {
  /** The most memory that the batch may hold: the worker's other channels change it all the time. */
  readonly heldBytesMax: number;
};

export type Step = { readonly state: DeliveryState; readonly command: Command };

export type StateDoing<D extends Doing["kind"]> = DeliveryState & {
  readonly doing: Extract<Doing, { kind: D }>;
};
