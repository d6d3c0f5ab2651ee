import type { ErrorCode } from "../error-codes";
import type { ErrorDetails } from "../error-kind";
import type { DirtyValue } from "../record";
import type { SchemaMapping } from "../schema-mapping";
import type { DesiredState, TaskSettings } from "../task";
import type { UploadedPart } from "./object-store";
import type { ChannelKind, ChannelReport, RecordCounts } from "./table-source";

/** A task as the worker that holds its heartbeat sees it. */
export type HeldTask = {
  readonly id: string;
  readonly settings: TaskSettings;
  readonly desiredState: DesiredState;
  readonly tunnelName: string;
  readonly tunnelId: string;
  /** The id the task is known by at its tunnel; null before the first connect and after it was lost. */
  readonly tunnelClientId: string | null;
  /** When its first channel was open; null before. */
  readonly initialisedAt: Date | null;
  readonly completedAt: Date | null;
  /** When somebody last asked to go on behind what the source had trimmed; absent when nobody did. */
  readonly continueAskedAt?: Date;
  /** A channel of it is drained and was not yet reported TERMINATED to the tunnel. */
  readonly hasUnreportedEnd: boolean;
};

/** Proof that this worker owned the channel when it claimed it; every fenced write checks it (D6). */
export type ChannelLease = {
  readonly channelKey: string;
  readonly workerId: string;
  readonly epoch: number;
};

/** A claimed channel with all that is needed to go on from its last decided batch. */
export type ClaimedChannel = ChannelLease & {
  readonly taskId: string;
  readonly taskName: string;
  readonly channelId: string;
  readonly kind: ChannelKind;
  /** The ConcurrentID: the channel's ordinal in its task. */
  readonly lane: number;
  /** Position after the last decided batch. */
  readonly checkpoint: string;
  readonly finished: boolean;
  /** Number of the last decided batch; 0 before the first. */
  readonly batchNumber: number;
  /** Sequence number of the last checkpoint that the tunnel accepted. */
  readonly ackedSequenceNumber: bigint;
  readonly ackedBatchNumber: number;
  /** An earlier owner left an error that people see. */
  readonly showsError: boolean;
  /** It expired, and somebody who saw that asked to go on from the oldest readable record. */
  readonly skipsTrimmed?: true;
  /** Read through the tunnel of the task's rescan, not its own. */
  readonly isRescan?: true;
};

/** One object of a decided batch; all that publishing it takes. */
export type DecidedObject = {
  readonly objectId: string;
  readonly kind: "rows" | "dirty";
  /** Names the store: the destination's endpoint. With bucket and key the object's place for good. */
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  /** Folder the rows were routed to; for dirty objects the dirty folder. */
  readonly partition: string;
  /** The key without its sequence and suffix: what sequences are counted by. */
  readonly stem: string;
  readonly sequence: number;
  readonly rows: number;
  readonly bytes: number;
  /** CRC32 of the object's bytes, 8 hex digits. */
  readonly crc32: string;
  readonly uploadId: string;
  readonly parts: readonly UploadedPart[];
};

/** `gap`: a batch of nothing, over a range of the stream that was trimmed before it was read. */
export type SealReason = "size" | "age" | "schema" | "finished" | "released" | "idle" | "gap";

export type DecidedBatch = {
  readonly number: number;
  readonly startCheckpoint: string;
  readonly endCheckpoint: string;
  readonly finished: boolean;
  readonly schemaVersion: number;
  readonly sealedBy: SealReason;
  readonly counts: RecordCounts;
  readonly objects: readonly DecidedObject[];
};

/** Error facts as stored: what the console derives "Retrying" and "Action required" from. */
export type ErrorFact = {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly attempt: number;
  readonly nextTryAt: Date | null;
};

/**
 * The worker's side of the database. Leases live on the database's clock; methods that say "fenced"
 * change nothing when the lease is not the channel's current one, and say so.
 */
export interface Ledger {
  /** Registers the worker or prolongs its lease. False: the lease had run out, so everything held is lost. */
  renewWorker(request: { workerId: string; leaseMs: number }): Promise<boolean>;
  /** Takes tasks whose heartbeat nobody alive holds, and gives all that this worker then holds. */
  holdTasks(request: { workerId: string; limit: number }): Promise<HeldTask[]>;
  /**
   * False when another worker holds the task, or when its client is not the one to be replaced any
   * more: a holder that slept through its lease would make a second client, and the tunnel would leave
   * channels to the first, of which nobody speaks.
   */
  saveTunnelClient(request: {
    workerId: string;
    taskId: string;
    clientId: string;
    replaces: string | null;
  }): Promise<boolean>;
  /** Adds channels seen in a heartbeat for the first time, each with the next lane. Known ones are left alone. */
  addChannels(request: {
    taskId: string;
    channels: readonly {
      channelId: string;
      kind: ChannelKind;
      checkpoint: string;
      sequenceNumber: bigint;
    }[];
  }): Promise<void>;
  /** The task's channels as the heartbeat needs them: what is to be reported, and what is known. */
  listTaskChannels(taskId: string): Promise<
    readonly {
      readonly channelId: string;
      readonly kind: ChannelKind;
      readonly report: ChannelReport;
      readonly drained: boolean;
    }[]
  >;
  /** Stores the heartbeat's outcome per channel (status and version at the tunnel). */
  saveChannelReports(request: { taskId: string; reports: readonly ChannelReport[] }): Promise<void>;
  /**
   * Stores up to when the tunnel calls each channel consumed: only published batches are acked, so all
   * of that is delivered. Without it a stream that nobody writes to would look later and later.
   */
  saveConsumedThrough(request: {
    taskId: string;
    channels: readonly { channelId: string; consumedThroughMs: number }[];
  }): Promise<void>;
  saveTaskFacts(request: {
    workerId: string;
    taskId: string;
    facts: {
      stage?: "initialising" | "base" | "stream";
      initialisedAt?: Date;
      completedAt?: Date;
      error?: ErrorFact | null;
    };
  }): Promise<void>;
  /** Drops a task marked deleted once nothing of it is open: channels and facts go, the ledger stays. */
  forgetTask(request: { workerId: string; taskId: string }): Promise<boolean>;
  /** Up to `limit` claimable channels of running tasks: epoch + 1, this worker owns them. */
  claimChannels(request: { workerId: string; limit: number }): Promise<ClaimedChannel[]>;
  /**
   * Gives back all channels that the worker owns but for these. A claim whose answer was lost leaves
   * some that nobody would read as long as the worker lives.
   */
  releaseAllBut(request: { workerId: string; channelKeys: readonly string[] }): Promise<void>;
  /** How many channels this worker should hold for the load to be even over live workers. */
  fairShare(workerId: string): Promise<{ channels: number; workers: number }>;
  releaseChannel(lease: ChannelLease): Promise<void>;
  /** Those of the tasks that exist. */
  getTasks(taskIds: readonly string[]): Promise<HeldTask[]>;
  /** Schema versions, oldest first. */
  listSchemas(taskId: string): Promise<SchemaMapping[]>;
  /** Adds a version; when another worker added that version first, gives the one that is there. */
  addSchema(request: {
    taskId: string;
    schema: SchemaMapping;
    reason: string;
  }): Promise<SchemaMapping>;
  /**
   * Batches after the last acked one, in order, each with what is left of its objects: a published
   * batch has none. Finishing them is the first thing a new owner does.
   */
  listUnacked(lease: ChannelLease): Promise<DecidedBatch[]>;
  /** The last sequence that the ledger knows for each stem in buckets of this name; absent means 0. */
  lastSequences(request: {
    bucket: string;
    stems: readonly string[];
  }): Promise<ReadonlyMap<string, number>>;
  /** Logs an upload before it is created at the store, so that the janitor can find it. */
  logUpload(request: {
    objectId: string;
    channelKey: string;
    workerId: string;
    destinationId: string;
    bucket: string;
    key: string;
  }): Promise<void>;
  logUploadId(request: { objectId: string; uploadId: string }): Promise<void>;
  /**
   * The moment of truth: one fenced transaction. `fenced` means that this worker is a zombie. Asking
   * again after an unknown outcome is safe: the same batch (same epoch, number and object ids) that is
   * already there answers `decided`.
   */
  decide(request: {
    lease: ChannelLease;
    batch: DecidedBatch;
    dirtySamples: readonly DirtyValue[];
  }): Promise<"decided" | "fenced">;
  /**
   * Gives a decided object a new upload after its old one vanished: same key, same rows; bytes and
   * checksum may differ after an upgrade of the encoder. Fenced, only while unpublished, and only in
   * the place of the upload that it `replaces`: a request that was given up for lost and comes late
   * must not undo the one after it. Asking again after an unknown outcome answers `replaced`.
   */
  replaceUpload(request: {
    lease: ChannelLease;
    objectId: string;
    replaces: string;
    uploadId: string;
    parts: readonly UploadedPart[];
    bytes: number;
    crc32: string;
  }): Promise<"replaced" | "fenced">;
  /** Idempotent and unfenced: what a zombie published is published. */
  markPublished(request: {
    channelKey: string;
    batchNumber: number;
    objectIds: readonly string[];
  }): Promise<void>;
  /** Fenced. Remembers what the tunnel accepted. */
  markAcked(request: {
    lease: ChannelLease;
    batchNumber: number;
    sequenceNumber: bigint;
    finished: boolean;
  }): Promise<"acked" | "fenced">;
  /**
   * Null clears. Its fence is how a zombie that cannot read or ack any more, because its heir has gone
   * on, learns what it is: no write of its own would ever come.
   */
  saveChannelError(request: {
    lease: ChannelLease;
    error: ErrorFact | null;
  }): Promise<"saved" | "fenced">;
  /** Uploads logged before `olderThanMs` ago that no unpublished object names. */
  listAbandonedUploads(request: { olderThanMs: number; limit: number }): Promise<
    readonly {
      objectId: string;
      workerId: string;
      destinationId: string;
      bucket: string;
      key: string;
      uploadId: string | null;
    }[]
  >;
  /**
   * Takes one upload out of the log. An object has as many as were begun for it, by a zombie and by
   * its heir; the others are still there to be found.
   */
  forgetUpload(upload: {
    objectId: string;
    workerId: string;
    uploadId: string | null;
  }): Promise<void>;
}

/** What the loop of one channel needs of the ledger. */
export type ChannelLedger = Pick<
  Ledger,
  | "getTasks"
  | "listSchemas"
  | "addSchema"
  | "listUnacked"
  | "lastSequences"
  | "logUpload"
  | "logUploadId"
  | "forgetUpload"
  | "decide"
  | "replaceUpload"
  | "markPublished"
  | "markAcked"
  | "saveChannelError"
  | "releaseChannel"
>;
