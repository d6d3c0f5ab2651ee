import { AppError, toAppError } from "@/lib/core/error";
import { type LoadFacts, pausesMerging } from "@/lib/core/merge-pause";
import { isMergeDue } from "@/lib/core/merge-plan";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { ClaimedMerge, MergeLedger, ReleasableMerge } from "@/lib/core/ports/merge-ledger";
import { retryDelayMs } from "@/lib/core/retry-policy";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "../adapters";
import type { MergeEngine } from "./merge-engine";
import type { MergeEvents } from "./merge-events";
import { runMerge, tagsOf } from "./run-merge";
import type { Spool } from "./spool";

const lookEveryMs = 2_000;
/** Longer than a pause of the process that others should wait out; a dead one's merge starts anew then. */
const holdMs = 30_000;
const holdAgainEveryMs = 8_000;
const partitionsPerLookMax = 100;
/** Each is a commit to finish, before which that of somebody who waits may have to stand in line. */
const releasesPerLookMax = 4;
const engineMemoryBytes = 256 * 1024 * 1024;

export type MergerOptions = {
  readonly workerId: string;
  readonly ledger: MergeLedger;
  readonly adapters: Pick<Adapters, "destination">;
  readonly engine: MergeEngine;
  readonly spool: Spool;
  readonly events: MergeEvents;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newObjectId: () => string;
  /** How busy the worker and its machine are, and what a core may have to do for merging to go on. */
  readonly load: () => LoadFacts;
  readonly loadMax: number;
  readonly engineMemoryBytes?: number;
};

/**
 * Merges datasets' objects, one merge at a time in a worker, in a process of its own and while nothing
 * more urgent wants the machine. Everything up to the decision may be broken off at any point: what was
 * staged stays invisible and is swept, and whoever claims the merge next begins it anew.
 */
export class Merger {
  readonly #o: MergerOptions;
  #isPaused = false;

  constructor(options: MergerOptions) {
    this.#o = options;
  }

  /** Runs until the signal. Never rejects. */
  async run(ended: AbortSignal): Promise<void> {
    const { clock, events, spool } = this.#o;
    await spool.sweep().catch((thrown) => events.lookFailed(toAppError(thrown)));
    while (!ended.aborted) {
      const merged = await this.lookOnce(ended).catch((thrown) => {
        events.lookFailed(toAppError(thrown));
        return false;
      });
      if (!merged) await clock.sleep(lookEveryMs, ended);
    }
  }

  /** Does what there is to do, and at most one merge. True: there was one. */
  async lookOnce(ended: AbortSignal): Promise<boolean> {
    const { ledger, events } = this.#o;
    const merges = await ledger.undoLostMerges();
    if (merges > 0) events.mergesUndone({ merges });
    for (const merge of await ledger.listReleasable(releasesPerLookMax)) await this.#release(merge);
    if (this.#mustPause()) return false;
    await this.#openDue();
    const merge = await ledger.claimMerge({ workerId: this.#o.workerId, holdMs });
    if (merge) await this.#attempt(merge, ended);
    return merge !== null;
  }

  async #openDue(): Promise<void> {
    const { ledger, newObjectId } = this.#o;
    for (const { datasetId, partition, settings, facts } of await ledger.listUnmerged(
      partitionsPerLookMax,
    )) {
      if (!isMergeDue(settings, facts)) continue;
      await ledger.openMerge({ mergeId: newObjectId(), datasetId, partition });
    }
  }

  async #attempt(merge: ClaimedMerge, ended: AbortSignal): Promise<void> {
    const { ledger, adapters, engine, events, random } = this.#o;
    const lost = new AbortController();
    const signal = AbortSignal.any([ended, lost.signal]);
    const done = new AbortController();
    const holding = this.#keepHold(merge, lost, done.signal);
    try {
      const destination = await adapters.destination(merge.destinationId);
      const memoryBytes = this.#o.engineMemoryBytes ?? engineMemoryBytes;
      const waitForQuiet = () => this.#waitForQuiet(signal);
      await runMerge({ ...this.#o, engine, memoryBytes, destination, waitForQuiet }, merge, signal);
    } catch (thrown) {
      if (lost.signal.aborted) return events.mergeFenced(tagsOf(merge));
      if (ended.aborted) return ledger.postponeMerge(merge, null, 0);
      const error = toAppError(thrown);
      events.mergeFailed({ ...tagsOf(merge), attempt: merge.attempt }, error);
      const retryAfterMs = retryDelayMs(error.fault, merge.attempt, random());
      await ledger.postponeMerge(merge, error, retryAfterMs);
    } finally {
      done.abort();
      await holding;
    }
  }

  /** A merge may take long; another worker that took it up beside us would only work in vain. */
  async #keepHold(merge: ClaimedMerge, lost: AbortController, done: AbortSignal): Promise<void> {
    const { ledger, clock } = this.#o;
    for (;;) {
      await clock.sleep(holdAgainEveryMs, done);
      if (done.aborted) return;
      // A database that is away for a moment: the decision is fenced whatever becomes of the hold.
      const isHeld = await ledger.holdMerge(merge, holdMs).catch(() => true);
      if (!isHeld) lost.abort();
    }
  }

  #mustPause(): boolean {
    const { load, loadMax, events } = this.#o;
    const facts = load();
    const isPaused = pausesMerging(facts, loadMax, this.#isPaused);
    if (isPaused && !this.#isPaused) events.mergePaused(facts);
    if (!isPaused && this.#isPaused) events.mergeResumed();
    this.#isPaused = isPaused;
    return isPaused;
  }

  async #waitForQuiet(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#mustPause()) {
      await this.#o.clock.sleep(lookEveryMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Originals go only while their copy stands: whoever took it away must not take the rows with it. */
  async #release(merge: ReleasableMerge): Promise<void> {
    const { ledger, adapters, events, random } = this.#o;
    const { mergeId, dataset, destinationId, copy } = merge;
    try {
      const { store, bucket } = await adapters.destination(destinationId);
      const head = bucket === copy.bucket ? await store.head(copy.key) : null;
      if (head?.metadata[objectIdMetadata] !== copy.objectId || head.sizeBytes !== copy.bytes) {
        const details = { bucket: copy.bucket, key: copy.key };
        throw new AppError("merge.copy_gone", "A merged copy is gone", { details });
      }
      if (await ledger.releaseOriginals(mergeId)) {
        events.originalsReleased({ dataset, merge: mergeId });
      }
    } catch (thrown) {
      const error = toAppError(thrown);
      const attempt = merge.attempt + 1;
      events.releaseFailed({ dataset, merge: mergeId, attempt }, error);
      const retryAfterMs = retryDelayMs(error.fault, attempt, random());
      await ledger.saveReleaseError({ mergeId, error, retryAfterMs });
    }
  }
}
