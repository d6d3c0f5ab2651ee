/** What each fact does to each state: the cells of the table in delivery.ts. */
import { addCounts } from "./account";
import {
  command,
  emptyBatch,
  proceed,
  seal,
  sealReason,
  settle,
  stop,
  wait,
} from "./delivery-moves";
import type {
  DeliveryLimits,
  DeliveryState,
  Fact,
  OpenBatch,
  StateDoing,
  Step,
} from "./delivery-state";
import { invariant } from "./error";
import { nextIdleReads } from "./idle-reads";
import { retryDelayMs } from "./retry-policy";

export function onPage(
  state: StateDoing<"reading">,
  { page, nowMs, tookMs }: Extract<Fact, { kind: "pageRead" }>,
  limits: DeliveryLimits,
): Step {
  // Without an answer nothing is known of the source but what was known before.
  if (tookMs === null) return settle(state, page, nowMs, limits);
  const isIdle = page.records === 0 && !page.mayHaveMore;
  const idle = isIdle ? nextIdleReads(state.idle, { nowMs, tookMs }) : null;
  const healthy = { ...state, failures: 0, idle };
  if (page.hasUnseenColumns) {
    // Rows of one batch share one schema version, so the border lies before this page.
    return state.open.counts.records > 0
      ? seal(healthy, "schema", page)
      : command({ ...healthy, doing: { kind: "growing", page } });
  }
  if (page.records > 0) return command({ ...healthy, doing: { kind: "appending", page } });
  return settle(
    { ...healthy, open: { ...state.open, endCheckpoint: page.next, finished: page.finished } },
    page,
    nowMs,
    limits,
  );
}

export function onAppended(
  state: StateDoing<"appending">,
  fact: Extract<Fact, { kind: "appended" }>,
  limits: DeliveryLimits,
): Step {
  const { page } = state.doing;
  invariant(fact.counts.records === page.records, "Every record of a page is accounted for");
  const open: OpenBatch = {
    startCheckpoint: state.open.startCheckpoint,
    endCheckpoint: page.next,
    finished: page.finished,
    counts: addCounts(state.open.counts, fact.counts),
    bytes: fact.bytes,
    heldBytes: fact.heldBytes,
    wholeParts: fact.wholeParts,
    partitions: fact.partitions,
    openedAtMs: state.open.openedAtMs ?? fact.nowMs,
    dueAtMs: state.open.dueAtMs ?? fact.nowMs + limits.ageMaxMs,
  };
  return settle({ ...state, open, failures: 0 }, page, fact.nowMs, limits);
}

export function onGrown(state: StateDoing<"growing">): Step {
  // The page was decoded under the old version: the loop decodes it again before it appends.
  return command({
    ...state,
    doing: { kind: "appending", page: { ...state.doing.page, hasUnseenColumns: false } },
  });
}

export function onStagedAhead(
  state: StateDoing<"stagingAhead">,
  { heldBytes, nowMs }: Extract<Fact, { kind: "stagedAhead" }>,
  limits: DeliveryLimits,
): Step {
  const open = { ...state.open, heldBytes, wholeParts: 0 };
  return settle({ ...state, open, failures: 0 }, state.doing.page, nowMs, limits);
}

export function onStaged(state: StateDoing<"staging">): Step {
  const { sealedBy, page } = state.doing;
  return command({ ...state, failures: 0, doing: { kind: "deciding", sealedBy, page } });
}

export function onDecided(
  state: StateDoing<"deciding">,
  fact: Extract<Fact, { kind: "decided" }>,
): Step {
  const number = state.batchNumber + 1;
  const { endCheckpoint, finished } = state.open;
  return proceed({
    ...state,
    batchNumber: number,
    decidedAtMs: fact.nowMs,
    failures: 0,
    open: emptyBatch(endCheckpoint, finished),
    unacked: [...state.unacked, { number, endCheckpoint, finished, published: false }],
    heldPage: state.doing.page,
  });
}

export function onPublished(state: StateDoing<"publishing">): Step {
  const [first, ...rest] = state.unacked;
  invariant(first, "What was published is an unacked batch");
  return proceed({ ...state, failures: 0, unacked: [{ ...first, published: true }, ...rest] });
}

export function onUploadsGone(
  state: StateDoing<"publishing">,
  fact: Extract<Fact, { kind: "uploadsGone" }>,
): Step {
  return command({ ...state, doing: { kind: "restaging", objectIds: fact.objectIds } });
}

/** No progress yet: a store that keeps losing uploads is met with back-off. */
export function onRestaged(state: StateDoing<"restaging">): Step {
  return command({ ...state, doing: { kind: "publishing" } });
}

export function onAcked(state: StateDoing<"acking">): Step {
  const [first, ...rest] = state.unacked;
  invariant(first?.published, "Only a published batch is acked");
  return proceed({ ...state, failures: 0, unacked: rest });
}

/** What is open does not wait for a source that fails: its age counts on while reads are tried (D5). */
export function onElapsed(
  state: StateDoing<"waiting">,
  { nowMs }: Extract<Fact, { kind: "elapsed" }>,
  limits: DeliveryLimits,
): Step {
  const { resume } = state.doing;
  const mayDefer = resume.kind === "reading" || resume.kind === "stagingAhead";
  const due = mayDefer ? sealReason(state, nowMs, limits) : null;
  return due ? seal(state, due, null) : command({ ...state, doing: resume });
}

export function onFenced(state: DeliveryState): Step {
  return stop(state, "fenced");
}

/**
 * Nothing is given up on a failure: the same command comes again after the fault's delay. Only a read,
 * or staging ahead, is put off for a batch that has to be sealed meanwhile.
 */
export function onFailed(
  state: DeliveryState,
  fact: Extract<Fact, { kind: "failed" }>,
  limits: DeliveryLimits,
): Step {
  const { doing } = state;
  invariant(doing.kind !== "waiting" && doing.kind !== "stopped", "Waiting cannot fail");
  // Handing over is better than waiting: the next owner tries at once.
  if (state.stopping) return stop(state, state.stopping === "delete" ? "deleted" : "released");
  const failures = state.failures + 1;
  const retryAtMs = fact.nowMs + retryDelayMs(fact.fault, failures, fact.jitter);
  if (doing.kind !== "reading" && doing.kind !== "stagingAhead")
    return wait({ ...state, failures }, retryAtMs, doing);
  const due = sealReason(state, fact.nowMs, limits);
  if (due) return seal({ ...state, failures }, due, null);
  const untilMs = Math.min(retryAtMs, state.open.dueAtMs ?? retryAtMs);
  return wait({ ...state, failures }, untilMs, doing);
}

/**
 * Part of the open batch was at the store, and is gone there. Nothing of the batch is decided, so it is
 * read again from its start; that its borders may be others then does no harm.
 */
export function onOpenLost(state: DeliveryState, fact: Extract<Fact, { kind: "openLost" }>): Step {
  const lost = { ...state, open: emptyBatch(state.open.startCheckpoint, false), heldPage: null };
  if (state.stopping) return stop(lost, state.stopping === "delete" ? "deleted" : "released");
  const failures = state.failures + 1;
  const retryAtMs = fact.nowMs + retryDelayMs(fact.fault, failures, fact.jitter);
  return wait({ ...lost, failures }, retryAtMs, { kind: "reading" });
}

/** Release delivers what is open first, so that a planned stop costs nobody a second read. */
export function onStopWhileOpen(
  state: DeliveryState,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  const stopping = { ...state, stopping: fact.how };
  if (fact.how === "delete") return stop(stopping, "deleted");
  return state.open.counts.records > 0
    ? seal(stopping, "released", null)
    : stop(stopping, "released");
}

export function onStopWhileSealed(
  state: StateDoing<"staging">,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  if (fact.how === "delete") return stop({ ...state, stopping: "delete" }, "deleted");
  return onStopLater(state, fact);
}

export function onStopLater(
  state: DeliveryState,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  return command({ ...state, stopping: fact.how });
}

export function onStopWhileWaiting(
  state: StateDoing<"waiting">,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  const idle = state.failures === 0;
  if (idle) return onStopWhileOpen(state, fact);
  return stop({ ...state, stopping: fact.how }, fact.how === "delete" ? "deleted" : "released");
}

export function stay(state: DeliveryState): Step {
  return command(state);
}
