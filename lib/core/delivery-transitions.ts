/** What each fact does to each state: the cells of the table in delivery.ts, and the moves they share. */
import { addCounts, zeroCounts } from "./account";
import type {
  Command,
  DeliveryLimits,
  DeliveryState,
  Fact,
  OpenBatch,
  PageFact,
  StateDoing,
  Step,
  StopReason,
  UnackedBatch,
} from "./delivery-state";
import { invariant } from "./error";
import type { SealReason } from "./ports/ledger";
import { retryDelayMs } from "./retry-policy";
import { sealReasonOf } from "./seal-policy";

export function onPage(
  state: StateDoing<"reading">,
  { page, nowMs }: Extract<Fact, { kind: "pageRead" }>,
  limits: DeliveryLimits,
): Step {
  const healthy = { ...state, failures: 0 };
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
    partitions: fact.partitions,
    openedAtMs: state.open.openedAtMs ?? fact.nowMs,
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
  const due = resume.kind === "reading" ? sealReason(state, nowMs, limits) : null;
  return due ? seal(state, due, null) : command({ ...state, doing: resume });
}

export function onFenced(state: DeliveryState): Step {
  return stop(state, "fenced");
}

/**
 * Nothing is given up on a failure: the same command comes again after the fault's delay. Only a read
 * is put off for a batch that has to be sealed meanwhile.
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
  if (doing.kind !== "reading") return wait({ ...state, failures }, retryAtMs, doing);
  const due = sealReason(state, fact.nowMs, limits);
  if (due) return seal({ ...state, failures }, due, null);
  const { openedAtMs } = state.open;
  const dueAtMs = openedAtMs === null ? Number.POSITIVE_INFINITY : openedAtMs + limits.ageMaxMs;
  return wait({ ...state, failures }, Math.min(retryAtMs, dueAtMs), doing);
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

/** After a page: seal when a limit says so, else read on (or leave an idle channel alone for a while). */
function settle(state: DeliveryState, page: PageFact, nowMs: number, limits: DeliveryLimits): Step {
  const reason = sealReason(state, nowMs, limits);
  if (reason) return seal(state, reason, null);
  if (page.records > 0 || page.mayHaveMore || limits.idleReadMs === 0)
    return command({ ...state, heldPage: null, doing: { kind: "reading" } });
  return wait({ ...state, heldPage: null }, nowMs + limits.idleReadMs, { kind: "reading" });
}

function sealReason(
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

function wait(
  state: DeliveryState,
  untilMs: number,
  resume: Extract<DeliveryState["doing"], { kind: "waiting" }>["resume"],
): Step {
  return command({ ...state, doing: { kind: "waiting", untilMs, resume } });
}

/** A batch without rows still has dirty objects to stage, or none: staging nothing is harmless. */
function seal(state: DeliveryState, sealedBy: SealReason, page: PageFact | null): Step {
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

function stop(state: DeliveryState, why: StopReason): Step {
  return command({ ...state, doing: { kind: "stopped", why } });
}

/** The one command that a state has out. */
function command(state: DeliveryState): Step {
  return { state, command: commandOf(state) };
}

function commandOf(state: DeliveryState): Command {
  const { doing, open } = state;
  switch (doing.kind) {
    case "reading":
      return { kind: "read", checkpoint: open.endCheckpoint };
    case "appending":
      return { kind: "append" };
    case "growing":
      return { kind: "growSchema" };
    case "staging":
      return { kind: "stage", sealedBy: doing.sealedBy };
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
    partitions: 0,
    openedAtMs: null,
  };
}
