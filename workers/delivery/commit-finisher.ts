import { AppError, toAppError } from "@/lib/core/error";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { ClaimedCommit, DatasetLedger, ReplacedObject } from "@/lib/core/ports/dataset-ledger";
import { retryDelayMs } from "@/lib/core/retry-policy";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters, OpenDestination } from "./adapters";
import type { DeliveryEvents } from "./events";
import { Limit } from "./limit";
import { mapConcurrently } from "./map-concurrently";
import { checkPlace, publishBatch } from "./publish-batch";
import { SessionJanitor } from "./session-janitor";

/** A person waits for a commit, so it is looked for often; the query is one index probe. */
const lookEveryMs = 250;
const failedLookMs = 2_000;
/** Longer than any request to a store, so that one commit's objects are completed by one worker. */
const holdMs = 60_000;
const commitsAtOnceMax = 4;
const objectsPerStepMax = 200;
const removalsAtOnceMax = 8;
const requestsAtOnceMax = 16;
/** The commit that is waited for is being finished by somebody just now. */
const waitForOtherMs = 500;

export type CommitFinisherOptions = {
  readonly ledger: DatasetLedger;
  readonly adapters: Pick<Adapters, "destination">;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
};

/**
 * Finishes what datasets' sessions have decided: makes a commit's objects visible, then takes away
 * those that it replaces. Safe to repeat and to race with another worker, as every publishing is; what
 * a killed one left is found again when its hold runs out.
 */
export class CommitFinisher {
  readonly #o: CommitFinisherOptions;
  readonly #requests = new Limit(requestsAtOnceMax);

  constructor(options: CommitFinisherOptions) {
    this.#o = options;
  }

  /** Runs until the signal. Never rejects. */
  async run(ended: AbortSignal): Promise<void> {
    const { clock, events } = this.#o;
    const janitor = new SessionJanitor(this.#o);
    while (!ended.aborted) {
      await janitor.tick();
      const pauseMs = await this.finishOnce().then(
        (found) => (found > 0 ? 0 : lookEveryMs),
        (thrown) => {
          events.tickFailed(toAppError(thrown));
          return failedLookMs;
        },
      );
      if (pauseMs > 0) await clock.sleep(pauseMs, ended);
    }
  }

  /** One look: how many commits there were. */
  async finishOnce(): Promise<number> {
    const commits = await this.#o.ledger.claimCommits({ limit: commitsAtOnceMax, holdMs });
    await Promise.all(commits.map((commit) => this.#finish(commit)));
    return commits.length;
  }

  async #finish(commit: ClaimedCommit): Promise<void> {
    const { ledger, adapters, events, random } = this.#o;
    try {
      const destination = await adapters.destination(commit.destinationId);
      await this.#publish(commit, destination);
      if (!(await this.#removeReplaced(commit, destination))) {
        await ledger.holdCommit({ commitId: commit.id, holdMs: waitForOtherMs });
        return;
      }
      await ledger.finishCommit(commit.id);
      events.commitFinished({ dataset: commit.dataset, commit: commit.id });
    } catch (thrown) {
      const error = toAppError(thrown);
      const attempt = commit.attempt + 1;
      events.commitFailed({ dataset: commit.dataset, commit: commit.id, attempt }, error);
      const retryAfterMs = retryDelayMs(error.fault, attempt, random());
      await ledger.saveCommitError({ commitId: commit.id, error, retryAfterMs });
    }
  }

  /** What the store lost only the client has; the rest becomes visible all the same. */
  async #publish(commit: ClaimedCommit, destination: OpenDestination): Promise<void> {
    const { ledger } = this.#o;
    for (;;) {
      const request = { commitId: commit.id, limit: objectsPerStepMax };
      const objects = await ledger.listUnpublished(request);
      checkPlace(objects, destination);
      const published: string[] = [];
      const outcome = await publishBatch(destination, objects, this.#requests, ({ objectId }) => {
        published.push(objectId);
      }).finally(() =>
        // Also after a failure: what stands there is told, so that it is not asked for again.
        ledger.markPublished({ commitId: commit.id, objectIds: published }),
      );
      if (outcome.kind === "uploads_gone") await this.#checkLost(commit, outcome.objectIds);
      if (objects.length < objectsPerStepMax) return;
      await ledger.holdCommit({ commitId: commit.id, holdMs });
    }
  }

  /**
   * Before it calls them lost it looks once more: while we slept, somebody else may have published them, and an overwrite taken them
   * away. Whoever is told that his rows are lost sends them again, beside what replaced them.
   */
  async #checkLost(commit: ClaimedCommit, goneIds: readonly string[]): Promise<void> {
    const { ledger, events } = this.#o;
    const request = { commitId: commit.id, limit: objectsPerStepMax };
    const unpublished = await ledger.listUnpublished(request);
    const lost = unpublished.filter(({ objectId }) => goneIds.includes(objectId));
    if (lost[0] === undefined) return;
    const { bucket, key } = lost[0];
    const error = new AppError("destination.upload_gone", "A decided upload vanished", {
      details: { bucket, key },
    });
    const objectIds = lost.map(({ objectId }) => objectId);
    if (!(await ledger.loseObjects({ commitId: commit.id, objectIds, error }))) throw error;
    const { dataset, id, attempt } = commit;
    events.commitFailed({ dataset, commit: id, attempt: attempt + 1 }, error);
  }

  /** False: something that was decided before has yet to become visible, by its own commit. */
  async #removeReplaced(commit: ClaimedCommit, destination: OpenDestination): Promise<boolean> {
    const { ledger } = this.#o;
    for (;;) {
      const request = { commitId: commit.id, limit: objectsPerStepMax };
      const replaced = await ledger.listReplaced(request);
      const ready = replaced.filter(({ state }) => state !== "pending");
      await mapConcurrently(ready, removalsAtOnceMax, (object) =>
        this.#requests.run(() => this.#remove(object, destination)),
      );
      await ledger.markRemoved(ready.map(({ objectId }) => objectId));
      if (ready.length < replaced.length) return false;
      if (replaced.length < objectsPerStepMax) return true;
      await ledger.holdCommit({ commitId: commit.id, holdMs });
    }
  }

  /** Nothing foreign is ever removed: somebody may have put another object under the key. */
  async #remove(object: ReplacedObject, { store, bucket }: OpenDestination): Promise<void> {
    if (object.bucket !== bucket) {
      throw new AppError("destination.changed", "The destination names another bucket", {
        details: { bucket: object.bucket },
      });
    }
    const head = await store.head(object.key);
    if (head?.metadata[objectIdMetadata] === object.objectId) await store.remove(object.key);
  }
}
