import { describeError, type ErrorCode, type ErrorDescription } from "./error-codes";
import type { ErrorDetails } from "./error-kind";
import type { ChannelKind, TunnelStage } from "./ports/table-source";
import { chooseError } from "./standing-error";
import type { DesiredState, SyncMode } from "./task";
import { describeDuration } from "./task-status-text";

export type ChannelFacts = {
  readonly kind: ChannelKind;
  /** Its last batch is published. */
  readonly finished: boolean;
  /** A live worker holds its lease. */
  readonly held: boolean;
  readonly rows: number;
  /** Everything written before this instant stands in the bucket, epoch ms; null before the first batch, and for base data. */
  readonly deliveredThroughMs: number | null;
};

/** An error of the task or of one of its channels that has not gone away. */
export type StandingError = {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly sinceMs: number;
  readonly attempt: number;
  readonly nextTryAtMs: number | null;
};

/** What is known of a task: intent from the console, facts from the workers. Instants are epoch ms. */
export type TaskFacts = {
  readonly desiredState: DesiredState;
  readonly mode: SyncMode;
  readonly stage: TunnelStage;
  readonly createdAtMs: number;
  /** When its first channel was open; null before. */
  readonly initialisedAtMs: number | null;
  /** When a full task had delivered everything; null for tasks that go on. */
  readonly completedAtMs: number | null;
  readonly channels: readonly ChannelFacts[];
  readonly errors: readonly StandingError[];
  readonly lastDeliveredAtMs: number | null;
  readonly flushSeconds: number;
  /** The task's own threshold: how old its oldest undelivered change may be. */
  readonly lateAfterSeconds: number;
  /** Rows of the table, when somebody knows; makes the full phase's percentage finer. */
  readonly baseRowsExpected: number | null;
  /** Hours that the source keeps changes; null when the task reads no stream. */
  readonly streamExpirationHours: number | null;
  readonly isWorkerAlive: boolean;
  readonly nowMs: number;
};

export type TaskStatusKind =
  | "initialising"
  | "full"
  | "incremental"
  | "completed"
  | "pausing"
  | "paused"
  | "late"
  | "retrying"
  | "action_required"
  | "expiring"
  | "expired"
  | "deleting";

export type TaskStatus = {
  readonly kind: TaskStatusKind;
  readonly label: string;
  readonly tone: "neutral" | "good" | "warn" | "bad" | "busy";
  /** One sentence on why, and on what comes next. */
  readonly detail: string;
  /** The error that stands, in every state where somebody may want to know it. */
  readonly error: ErrorDescription | null;
};

/** A transient failure is shown when it has lasted this long: most are over before anybody could look. */
const retryingShownAfterMs = 30_000;
/** The documented bound on initialisation. */
const initialisingMs = 60_000;
/** Expiring begins when this share of the source's keeping time is left. */
const expiringShare = 0.25;

/**
 * What people see of a task. The first row that holds wins:
 *
 * |    | status          | when                                                                    |
 * |----|-----------------|-------------------------------------------------------------------------|
 * |  1 | Deleting        | it is to be deleted                                                     |
 * |  2 | Completed       | a full task delivered everything                                        |
 * |  3 | Expired         | the source says that the stream was trimmed before it was read          |
 * |  4 | Action required | running, and an error of fault `user` stands                            |
 * |  5 | Expiring        | a quarter of the keeping time is left, running or paused                |
 * |  6 | Pausing, Paused | it is to be paused; pausing while a live worker still holds a channel   |
 * |  7 | Retrying        | an internal error stands, or a transient one for 30 s                   |
 * |  8 | Initialising    | no channel is open yet                                                  |
 * |  9 | Late            | no worker runs, or the oldest undelivered change is over the threshold  |
 * | 10 | Full n %        | the full phase runs                                                     |
 * | 11 | Incremental     | else                                                                    |
 *
 * What cannot be undone by waiting (3, 4, 5) goes before what can; what a person asked for (1, 6) goes
 * before what the task would do by itself. An error still standing in 1, 5, 6 and 9 is given beside it.
 */
export function deriveTaskStatus(facts: TaskFacts): TaskStatus {
  const error = chooseError(facts.errors);
  const status =
    describeEnd(facts, error) ??
    describeDanger(facts, error) ??
    describePause(facts) ??
    describeRetry(facts, error) ??
    describeStart(facts) ??
    describeLateness(facts) ??
    describeProgress(facts);
  return {
    ...status,
    error: error && status.kind !== "completed" ? describeError(error.code, error.details) : null,
  };
}

type Finding = Omit<TaskStatus, "error">;

function describeEnd(facts: TaskFacts, error: StandingError | null): Finding | null {
  if (facts.desiredState === "deleted") {
    const detail = facts.isWorkerAlive
      ? "Open work is being given up. Delivered objects stay."
      : "Waiting for a delivery worker: none is running. Delivered objects stay.";
    return { kind: "deleting", label: "Deleting", tone: "busy", detail };
  }
  if (facts.completedAtMs !== null) {
    const detail = `All ${countRows(facts.channels)} rows of the table were delivered.`;
    return { kind: "completed", label: "Completed", tone: "good", detail };
  }
  if (error?.code === "source.tunnel_expired") {
    const detail = "The source no longer has the changes that come next.";
    return { kind: "expired", label: "Expired", tone: "bad", detail };
  }
  return null;
}

function describeDanger(facts: TaskFacts, error: StandingError | null): Finding | null {
  const leftMs = keepingTimeLeftMs(facts);
  const limitMs = (facts.streamExpirationHours ?? 0) * 3_600_000 * expiringShare;
  const isExpiring = leftMs !== null && leftMs < limitMs;
  const expiry =
    leftMs !== null && leftMs > 0
      ? `The source drops undelivered changes in ${describeDuration(leftMs)}.`
      : "The source may drop undelivered changes at any moment.";
  if (facts.desiredState === "running" && error && faultOf(error) === "user") {
    const detail = `Since ${describeDuration(facts.nowMs - error.sinceMs)}.${isExpiring ? ` ${expiry}` : ""}`;
    return { kind: "action_required", label: "Action required", tone: "bad", detail };
  }
  if (!isExpiring) return null;
  const why = facts.desiredState === "paused" ? "The task is paused. " : "";
  return { kind: "expiring", label: "Expiring", tone: "bad", detail: `${why}${expiry}` };
}

function describePause({ desiredState, channels, isWorkerAlive }: TaskFacts): Finding | null {
  if (desiredState !== "paused") return null;
  if (isWorkerAlive && channels.some(({ held, finished }) => held && !finished)) {
    const detail = "What was read is being delivered first.";
    return { kind: "pausing", label: "Pausing", tone: "busy", detail };
  }
  return { kind: "paused", label: "Paused", tone: "neutral", detail: "Its position is kept." };
}

function describeRetry({ nowMs }: TaskFacts, error: StandingError | null): Finding | null {
  if (!error) return null;
  const isInternal = faultOf(error) === "internal";
  if (!isInternal && nowMs - error.sinceMs < retryingShownAfterMs) return null;
  const next =
    error.nextTryAtMs === null || error.nextTryAtMs <= nowMs
      ? "trying again now"
      : `next try in ${describeDuration(error.nextTryAtMs - nowMs)}`;
  const detail = `Attempt ${error.attempt} failed; ${next}.`;
  return { kind: "retrying", label: "Retrying", tone: isInternal ? "bad" : "warn", detail };
}

function describeStart(facts: TaskFacts): Finding | null {
  if (facts.initialisedAtMs !== null && facts.stage !== "initialising") return null;
  const isSlow = facts.nowMs - facts.createdAtMs > initialisingMs;
  const detail = !facts.isWorkerAlive
    ? "Waiting for a delivery worker: none is running."
    : isSlow
      ? `Opening the tunnel takes longer than usual: ${describeDuration(facts.nowMs - facts.createdAtMs)} so far.`
      : "The tunnel is being opened.";
  const tone = isSlow || !facts.isWorkerAlive ? "warn" : "busy";
  return { kind: "initialising", label: "Initialising", tone, detail };
}

function describeLateness(facts: TaskFacts): Finding | null {
  const late = { kind: "late", label: "Late", tone: "warn" } as const;
  if (!facts.isWorkerAlive) {
    return { ...late, tone: "bad", detail: "No delivery worker is running." };
  }
  const through = oldestOpenMs(facts);
  const lagMs = through === null ? 0 : facts.nowMs - through;
  // A change may wait for its flush time by the person's own wish, so that is never late.
  const allowedMs = Math.max(facts.lateAfterSeconds, facts.flushSeconds) * 1000;
  if (lagMs <= allowedMs) return null;
  const detail =
    facts.stage === "base"
      ? `Nothing was delivered for ${describeDuration(lagMs)}.`
      : `The oldest undelivered change is ${describeDuration(lagMs)} old.`;
  return { ...late, detail };
}

function describeProgress(facts: TaskFacts): Finding {
  if (facts.stage !== "base") {
    const detail = "Changes are delivered as they come.";
    return { kind: "incremental", label: "Incremental", tone: "good", detail };
  }
  const base = facts.channels.filter(({ kind }) => kind === "base");
  const done = base.filter(({ finished }) => finished).length;
  const percent = fullPercent(facts);
  const detail = `${countRows(base)} rows so far, ${done} of ${base.length} channels done.`;
  const label = percent === null ? "Full" : `Full ${percent} %`;
  return { kind: "full", label, tone: "busy", detail };
}

/**
 * Whole percents of the full phase, rounded down so that 100 means done: by rows when the table's are
 * known, else by finished channels. Null before there is a base channel.
 */
export function fullPercent(
  facts: Pick<TaskFacts, "channels" | "baseRowsExpected">,
): number | null {
  const base = facts.channels.filter(({ kind }) => kind === "base");
  if (base.length === 0) return null;
  const done = base.filter(({ finished }) => finished).length;
  if (done === base.length) return 100;
  const byChannels = done / base.length;
  const rows = base.reduce((sum, channel) => sum + channel.rows, 0);
  const expected = facts.baseRowsExpected ?? 0;
  const share = expected > 0 ? rows / expected : byChannels;
  return Math.min(99, Math.floor(share * 100));
}

/** Before this instant everything is delivered; null when nothing is open that could be late. */
function oldestOpenMs(facts: TaskFacts): number | null {
  const start = facts.initialisedAtMs ?? facts.createdAtMs;
  if (facts.stage === "base") return Math.max(start, facts.lastDeliveredAtMs ?? start);
  const open = facts.channels.filter(({ kind, finished }) => kind === "stream" && !finished);
  if (open.length === 0) return null;
  return Math.min(...open.map(({ deliveredThroughMs }) => deliveredThroughMs ?? start));
}

/** Until the source drops a change that is not delivered. A full phase keeps the stream waiting from its start. */
function keepingTimeLeftMs(facts: TaskFacts): number | null {
  const { mode, streamExpirationHours, initialisedAtMs, nowMs } = facts;
  if (mode === "full" || streamExpirationHours === null || initialisedAtMs === null) return null;
  const through = facts.stage === "stream" ? oldestOpenMs(facts) : initialisedAtMs;
  return through === null ? null : through + streamExpirationHours * 3_600_000 - nowMs;
}

function faultOf(error: StandingError) {
  return describeError(error.code, error.details).fault;
}

function countRows(channels: readonly ChannelFacts[]): string {
  const rows = channels.reduce((sum, channel) => sum + channel.rows, 0);
  return String(rows).replace(/\B(?=(\d{3})+$)/g, ",");
}
