/**
 * The delivery of one channel, as a pure machine: (state, fact, limits) → (state, command).
 * The worker's loop executes one command at a time and feeds back the fact that came of it.
 *
 *            ┌──────────────── unacked batches of an earlier owner ───────────────┐
 *  claimed ──┤                                                                    ▼
 *            └─▶ reading ─▶ appending ─▶ staging ─▶ deciding ─▶ publishing ─▶ acking ─┐
 *                  ▲  ▲        │            ▲                    │     ▲              │
 *                  │  ├─growing┘◀───────────┤ unseen column      ▼     │              │
 *                  │  └─stagingAhead         └ (batch border)   restaging              │
 *                  └──────────────────────────────────────────────────────────────────┘
 *  any state ──failed──▶ waiting ──elapsed──▶ the same command again
 *  staging, stagingAhead ──openLost──▶ waiting ──elapsed──▶ reading, from the batch's start
 *  any state ──fenced──▶ stopped          acking (finished) ──▶ stopped
 *
 * SPEC.md holds the transition table and the invariants D1–D8; those this file enforces:
 * D3 `ack` is only ever commanded for a batch whose `published` was seen (or that an earlier owner
 *    published). D4 a batch's number is the last one's + 1. D5 every path out of `reading` passes
 *    `sealReasonOf`. D6 after `fenced` there is no command but `stop`.
 */
import { emptyBatch, proceed } from "./delivery-moves";
import type {
  DeliveryLimits,
  DeliveryState,
  Doing,
  Fact,
  StateDoing,
  Step,
  UnackedBatch,
} from "./delivery-state";
import {
  onAcked,
  onAppended,
  onDecided,
  onElapsed,
  onFailed,
  onFenced,
  onGrown,
  onOpenLost,
  onPage,
  onPublished,
  onRestaged,
  onStaged,
  onStagedAhead,
  onStopLater,
  onStopWhileOpen,
  onStopWhileSealed,
  onStopWhileWaiting,
  onUploadsGone,
  stay,
} from "./delivery-transitions";
import { invariant } from "./error";

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
    idle: null,
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
  reading:      { pageRead: onPage, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopWhileOpen },
  appending:    { pageRead: no, appended: onAppended, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopWhileOpen },
  growing:      { pageRead: no, appended: no, grown: onGrown, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopWhileOpen },
  stagingAhead: { pageRead: no, appended: no, grown: no, stagedAhead: onStagedAhead, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: onOpenLost, stopRequested: onStopWhileOpen },
  staging:      { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: onStaged, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: onOpenLost, stopRequested: onStopWhileSealed },
  deciding:     { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: onDecided, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopLater },
  publishing:   { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: onPublished, uploadsGone: onUploadsGone, restaged: no, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopLater },
  restaging:    { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: onRestaged, acked: no, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopLater },
  acking:       { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: onAcked, elapsed: no, fenced: onFenced, failed: onFailed, openLost: no, stopRequested: onStopLater },
  waiting:      { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: onElapsed, fenced: onFenced, failed: no, openLost: no, stopRequested: onStopWhileWaiting },
  stopped:      { pageRead: no, appended: no, grown: no, stagedAhead: no, staged: no, decided: no, published: no, uploadsGone: no, restaged: no, acked: no, elapsed: no, fenced: stay, failed: stay, openLost: stay, stopRequested: stay },
};
