/** Where the delivery machine may go from where it is: the moves that its transitions share. */
import { zeroCounts } from "./account";
import type {
  Command,
  DeliveryLimits,
  DeliveryState,
  OpenBatch,
  PageFact,
  Step,
  StopReason,
  UnackedBatch,
} from "./delivery-state";
import { invariant } from "./error";
import { planRelief } from "./memory-budget";
import type { SealReason } from "./ports/ledger";
import { sealReasonOf } from "./seal-policy";

/**
 * After a page: seal when a limit says so; make room when memory asks for it; else read on (or leave an
 * idle channel alone for a while, but no longer than its open batch may wait).
 */
export function settle(
  state: DeliveryState,
  page: PageFact,
  nowMs: number,
  limits: DeliveryLimits,
): Step {
  const reason = sealReason(state, nowMs, limits);
  if (reason) return seal(state, reason, null);
  const relief = planRelief(state.open, limits.heldBytesMax);
  if (relief === "seal") return seal(state, "size", null);
  if (relief === "stage_ahead")
    return command({ ...state, heldPage: null, doing: { kind: "stagingAhead", page } });
  const idleUntilMs = state.idle?.untilMs ?? nowMs;
  const untilMs = Math.min(idleUntilMs, state.open.dueAtMs ?? idleUntilMs);
  return untilMs > nowMs
    ? wait({ ...state, heldPage: null }, untilMs, { kind: "reading" })
    : command({ ...state, heldPage: null, doing: { kind: "reading" } });
}

export function sealReason(
  { open, decidedAtMs }: DeliveryState,
  nowMs: number,
  limits: DeliveryLimits,
): SealReason | null {
  const { counts, bytes, partitions, openedAtMs, finished } = open;
  const { records, rows } = counts;
  const moved = open.endCheckpoint !== open.startCheckpoint;
  const facts = { records, rows, bytes, partitions, openedAtMs, moved, finished, decidedAtMs };
  return sealReasonOf({ ...facts, nowMs }, limits);
}

export function wait(
  state: DeliveryState,
  untilMs: number,
  resume: Extract<DeliveryState["doing"], { kind: "waiting" }>["resume"],
): Step {
  return command({ ...state, doing: { kind: "waiting", untilMs, resume } });
}

/** A batch without rows still has dirty objects to stage, or none: staging nothing is harmless. */
export function seal(state: DeliveryState, sealedBy: SealReason, page: PageFact | null): Step {
  return command({ ...state, doing: { kind: "staging", sealedBy, page } });
}

/** Decided batches come first, in order; then the end of the channel, a stop, a held page, or the next read. */
export function proceed(state: DeliveryState): Step {
  const [first] = state.unacked;
  if (first)
    return command({
      ...state,
      doing: first.published ? { kind: "acking" } : { kind: "publishing" },
    });
  if (state.open.finished) return stop(state, "finished");
  if (state.stopping) return stop(state, state.stopping === "delete" ? "deleted" : "released");
  if (state.heldPage)
    return command({ ...state, heldPage: null, doing: { kind: "growing", page: state.heldPage } });
  return command({ ...state, doing: { kind: "reading" } });
}

export function stop(state: DeliveryState, why: StopReason): Step {
  return command({ ...state, doing: { kind: "stopped", why } });
}

/** The one command that a state has out. */
export function command(state: DeliveryState): Step {
  return { state, command: commandOf(state) };
}

function commandOf(state: DeliveryState): Command {
  const { doing, open } = state;
  switch (doing.kind) {
    case "reading":
      return { kind: "read", checkpoint: open.endCheckpoint, untilMs: open.dueAtMs };
    case "appending":
      return { kind: "append" };
    case "growing":
      return { kind: "growSchema" };
    case "staging":
      return { kind: "stage", number: state.batchNumber + 1, sealedBy: doing.sealedBy, open };
    case "stagingAhead":
      return { kind: "stageAhead" };
    case "deciding":
      return { kind: "decide", number: state.batchNumber + 1, sealedBy: doing.sealedBy, open };
    case "publishing":
      return { kind: "publish", batch: firstUnacked(state) };
    case "restaging":
      return { kind: "restage", batch: firstUnacked(state), objectIds: doing.objectIds };
    case "acking":
      return { kind: "ack", batch: firstUnacked(state) };
    case "waiting":
      return { kind: "wait", untilMs: doing.untilMs, attempt: state.failures };
    case "stopped":
      return { kind: "stop", why: doing.why };
  }
}

function firstUnacked(state: DeliveryState): UnackedBatch {
  const [first] = state.unacked;
  invariant(first, "Publishing and acking need a decided batch");
  return first;
}

export function emptyBatch(checkpoint: string, finished: boolean): OpenBatch {
  return {
    startCheckpoint: checkpoint,
    endCheckpoint: checkpoint,
    finished,
    counts: zeroCounts(),
    bytes: 0,
    heldBytes: 0,
    wholeParts: 0,
    partitions: 0,
    openedAtMs: null,
    dueAtMs: null,
  };
}
