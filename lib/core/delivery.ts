/**
 * The delivery of one channel, as a pure machine: (state, fact, limits) → (state, command).
 * The worker's loop executes one command at a time and feeds back the fact that came of it.
 *
 *            ┌──────────────── unacked batches of an earlier owner ───────────────┐
 *  claimed ──┤                                                                    ▼
 *            └─▶ reading ─▶ appending ─▶ staging ─▶ deciding ─▶ publishing ─▶ acking ─┐
 *                  ▲  ▲        │            ▲                    │     ▲              │
 *                  │  └─growing┘◀───────────┤ unseen column      ▼     │              │
 *                  │                        └ (batch border)   restaging              │
 *                  └──────────────────────────────────────────────────────────────────┘
 *  any state ──failed──▶ waiting ──elapsed──▶ the same command again
 *  any state ──fenced──▶ stopped          acking (finished) ──▶ stopped
 *
 * SPEC.md holds the transition table and the invariants D1–D8; those this file enforces:
 * D3 `ack` is only ever commanded for a batch whose `published` was seen (or that an earlier owner
 *    published). D4 a batch's number is the last one's + 1. D5 every path out of `reading` passes
 *    `sealReasonOf`. D6 after `fenced` there is no command but `stop`.
 */
import { addCounts, zeroCounts } from "./account";
import { invariant } from "./error";
import type { ErrorCode, Fault } from "./error-codes";
import type { SealReason } from "./ports/ledger";
import type { RecordCounts } from "./ports/table-source";
import { retryDelayMs } from "./retry-policy";
import { type SealLimits, sealReasonOf } from "./seal-policy";

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
  /** When its first record was read, epoch ms; null while it has none. */
  readonly openedAtMs: number | null;
};

export type Doing =
  | { readonly kind: "reading" }
  | { readonly kind: "appending"; readonly page: PageFact }
  | { readonly kind: "growing"; readonly page: PageFact }
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
  /** When the position was last decided, epoch ms: an idle position is decided at most once a minute. */
  readonly decidedAtMs: number;
  readonly stopping: "release" | "delete" | null;
  /** Consecutive failures; any progress sets it to 0. */
  readonly failures: number;
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
  | { readonly kind: "pageRead"; readonly page: PageFact; readonly nowMs: number }
  | {
      readonly kind: "appended";
      readonly counts: RecordCounts;
      readonly bytes: number;
      readonly nowMs: number;
    }
  | { readonly kind: "grown" }
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
  | { readonly kind: "stopRequested"; readonly how: "release" | "delete" };

export type Command =
  | { readonly kind: "read"; readonly checkpoint: string }
  | { readonly kind: "append" }
  | { readonly kind: "growSchema" }
  | { readonly kind: "stage"; readonly sealedBy: SealReason }
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
  /** How long to leave an idle channel alone before the next read. 0 where the source waits itself. */
  readonly idleReadMs: number;
};

export type Step = { readonly state: DeliveryState; readonly command: Command };

/** The first step after a claim: finish what is decided, then read on. */
export function startDelivery(claim: {
  checkpoint: string;
  finished: boolean;
  batchNumber: number;
  unacked: readonly UnackedBatch[];
  nowMs: number;
}): Step {
  const state: DeliveryState = {
    batchNumber: claim.batchNumber,
    open: emptyBatch(claim.checkpoint, claim.finished),
    unacked: claim.unacked,
    decidedAtMs: claim.nowMs,
    stopping: null,
    failures: 0,
    heldPage: null,
    doing: { kind: "reading" },
  };
  return proceed(state);
}

/** Applies one fact. A fact that cannot follow from the command that was out is a bug and throws. */
export function stepDelivery(state: DeliveryState, fact: Fact, limits: DeliveryLimits): Step {
  const row: Partial<Record<Fact["kind"], unknown>> = transitions[state.doing.kind];
  const cell = row[fact.kind] as Transition<Doing["kind"], Fact["kind"]>;
  return cell(state as never, fact as never, limits);
}

type StateDoing<D extends Doing["kind"]> = DeliveryState & {
  readonly doing: Extract<Doing, { kind: D }>;
};
type Transition<D extends Doing["kind"], F extends Fact["kind"]> = (
  state: StateDoing<D>,
  fact: Extract<Fact, { kind: F }>,
  limits: DeliveryLimits,
) => Step;
type TransitionTable = {
  readonly [D in Doing["kind"]]: { readonly [F in Fact["kind"]]: Transition<D, F> };
};

/** This fact cannot come of that command. */
const no = (state: DeliveryState, fact: Fact): never => {
  invariant(false, `A channel that is ${state.doing.kind} cannot be told ${fact.kind}`);
};

/** One row a state, one column a fact. SPEC.md says the same in words; a missing cell does not compile. */
// biome-ignore format: a table is read as a table
const transitions: TransitionTable = {
  reading:    { pageRead: onPage, appended: no, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopWhileOpen },
  appending:  { pageRead: no, appended: onAppended, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopWhileOpen },
  growing:    { pageRead: no, appended: no, grown: onGrown, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopWhileOpen },
  staging:    { pageRead: no, appended: no, grown: no, staged: onStaged, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopWhileSealed },
  deciding:   { pageRead: no, appended: no, grown: no, staged: no, decided: onDecided, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopLater },
  publishing: { pageRead: no, appended: no, grown: no, staged: no, decided: no, published: onPublished, uploadsGone: onUploadsGone, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopLater },
  restaging:  { pageRead: no, appended: no, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: onRestaged, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopLater },
  acking:     { pageRead: no, appended: no, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: onAcked, elapsed: no, fenced: onFenced, failed: onFailed, stopRequested: onStopLater },
  waiting:    { pageRead: no, appended: no, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: onElapsed, fenced: onFenced, failed: no, stopRequested: onStopWhileWaiting },
  stopped:    { pageRead: no, appended: no, grown: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: stay, failed: stay, stopRequested: stay },
};

function onPage(
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

function onAppended(
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
    openedAtMs: state.open.openedAtMs ?? fact.nowMs,
  };
  return settle({ ...state, open, failures: 0 }, page, fact.nowMs, limits);
}

function onGrown(state: StateDoing<"growing">): Step {
  // The page was decoded under the old version: the loop decodes it again before it appends.
  return command({
    ...state,
    doing: { kind: "appending", page: { ...state.doing.page, hasUnseenColumns: false } },
  });
}

function onStaged(state: StateDoing<"staging">): Step {
  const { sealedBy, page } = state.doing;
  return command({ ...state, failures: 0, doing: { kind: "deciding", sealedBy, page } });
}

function onDecided(state: StateDoing<"deciding">, fact: Extract<Fact, { kind: "decided" }>): Step {
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

function onPublished(state: StateDoing<"publishing">): Step {
  const [first, ...rest] = state.unacked;
  invariant(first, "What was published is an unacked batch");
  return proceed({ ...state, failures: 0, unacked: [{ ...first, published: true }, ...rest] });
}

function onUploadsGone(
  state: StateDoing<"publishing">,
  fact: Extract<Fact, { kind: "uploadsGone" }>,
): Step {
  return command({ ...state, doing: { kind: "restaging", objectIds: fact.objectIds } });
}

function onRestaged(state: StateDoing<"restaging">): Step {
  return command({ ...state, failures: 0, doing: { kind: "publishing" } });
}

function onAcked(state: StateDoing<"acking">): Step {
  const [first, ...rest] = state.unacked;
  invariant(first?.published, "Only a published batch is acked");
  return proceed({ ...state, failures: 0, unacked: rest });
}

function onElapsed(state: StateDoing<"waiting">): Step {
  return command({ ...state, doing: state.doing.resume });
}

function onFenced(state: DeliveryState): Step {
  return stop(state, "fenced");
}

/** Nothing is given up on a failure: the same command comes again after the fault's delay. */
function onFailed(state: DeliveryState, fact: Extract<Fact, { kind: "failed" }>): Step {
  const { doing } = state;
  invariant(doing.kind !== "waiting" && doing.kind !== "stopped", "Waiting cannot fail");
  // Handing over is better than waiting: the next owner tries at once.
  if (state.stopping) return stop(state, state.stopping === "delete" ? "deleted" : "released");
  const failures = state.failures + 1;
  const untilMs = fact.nowMs + retryDelayMs(fact.fault, failures, fact.jitter);
  return command({ ...state, failures, doing: { kind: "waiting", untilMs, resume: doing } });
}

/** Release delivers what is open first, so that a planned stop costs nobody a second read. */
function onStopWhileOpen(
  state: DeliveryState,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  const stopping = { ...state, stopping: fact.how };
  if (fact.how === "delete") return stop(stopping, "deleted");
  return state.open.counts.records > 0
    ? seal(stopping, "released", null)
    : stop(stopping, "released");
}

function onStopWhileSealed(
  state: StateDoing<"staging">,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  if (fact.how === "delete") return stop({ ...state, stopping: "delete" }, "deleted");
  return onStopLater(state, fact);
}

function onStopLater(state: DeliveryState, fact: Extract<Fact, { kind: "stopRequested" }>): Step {
  return command({ ...state, stopping: fact.how });
}

function onStopWhileWaiting(
  state: StateDoing<"waiting">,
  fact: Extract<Fact, { kind: "stopRequested" }>,
): Step {
  const idle = state.failures === 0;
  if (idle) return onStopWhileOpen(state, fact);
  return stop({ ...state, stopping: fact.how }, fact.how === "delete" ? "deleted" : "released");
}

function stay(state: DeliveryState): Step {
  return command(state);
}

/** After a page: seal when a limit says so, else read on (or leave an idle channel alone for a while). */
function settle(state: DeliveryState, page: PageFact, nowMs: number, limits: DeliveryLimits): Step {
  const { open } = state;
  const reason = sealReasonOf(
    {
      records: open.counts.records,
      rows: open.counts.rows,
      bytes: open.bytes,
      openedAtMs: open.openedAtMs,
      moved: open.endCheckpoint !== open.startCheckpoint,
      finished: open.finished,
      decidedAtMs: state.decidedAtMs,
      nowMs,
    },
    limits,
  );
  if (reason) return seal(state, reason, null);
  if (page.records > 0 || page.mayHaveMore || limits.idleReadMs === 0)
    return command({ ...state, heldPage: null, doing: { kind: "reading" } });
  return command({
    ...state,
    heldPage: null,
    doing: { kind: "waiting", untilMs: nowMs + limits.idleReadMs, resume: { kind: "reading" } },
  });
}

/** A batch without rows still has dirty objects to stage, or none: staging nothing is harmless. */
function seal(state: DeliveryState, sealedBy: SealReason, page: PageFact | null): Step {
  return command({ ...state, doing: { kind: "staging", sealedBy, page } });
}

/** Decided batches come first, in order; then the end of the channel, a stop, a held page, or the next read. */
function proceed(state: DeliveryState): Step {
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

function emptyBatch(checkpoint: string, finished: boolean): OpenBatch {
  return {
    startCheckpoint: checkpoint,
    endCheckpoint: checkpoint,
    finished,
    counts: zeroCounts(),
    bytes: 0,
    openedAtMs: null,
  };
}
