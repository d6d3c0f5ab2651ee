import type { CommitProgress } from "@/lib/db/stream-flushes";
import type { Clock } from "@/lib/platform/clock";

const lookEveryMs = 25;
const failedLookMs = 500;

/** What became of a commit while somebody waited. */
export type Visibility =
  | { readonly kind: "visible"; readonly at: Date }
  | { readonly kind: "lost" }
  | { readonly kind: "pending" };

type Waiter = {
  readonly untilMs: number;
  readonly settle: (visibility: Visibility) => void;
};

/**
 * Tells when commits become visible, which is the delivery workers' doing. Everybody who waits in this
 * process shares one query.
 */
export class CommitWatch {
  readonly #list: (commitIds: readonly string[]) => Promise<CommitProgress[]>;
  readonly #clock: Pick<Clock, "monotonic" | "sleep">;
  readonly #waiters = new Map<string, Waiter[]>();
  #isLooking = false;

  constructor(
    list: (commitIds: readonly string[]) => Promise<CommitProgress[]>,
    clock: Pick<Clock, "monotonic" | "sleep">,
  ) {
    this.#list = list;
    this.#clock = clock;
  }

  /** Never rejects: while the database is away nothing is known. */
  wait(commitId: string, waitMs: number): Promise<Visibility> {
    return new Promise((settle) => {
      const waiter = { untilMs: this.#clock.monotonic() + waitMs, settle };
      this.#waiters.set(commitId, [...(this.#waiters.get(commitId) ?? []), waiter]);
      if (!this.#isLooking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#waiters.size > 0) {
      const pauseMs = await this.#list([...this.#waiters.keys()]).then(
        (found) => {
          for (const progress of found) this.#settle(progress);
          return lookEveryMs;
        },
        // Whoever waits is told "pending" in time, and asks again.
        () => failedLookMs,
      );
      this.#settleLate();
      if (this.#waiters.size > 0) await this.#clock.sleep(pauseMs);
    }
    this.#isLooking = false;
  }

  #settle({ commitId, publishedAt, isLost }: CommitProgress): void {
    const visibility: Visibility | null = publishedAt
      ? { kind: "visible", at: publishedAt }
      : isLost
        ? { kind: "lost" }
        : null;
    if (visibility === null) return;
    for (const { settle } of this.#waiters.get(commitId) ?? []) settle(visibility);
    this.#waiters.delete(commitId);
  }

  #settleLate(): void {
    const nowMs = this.#clock.monotonic();
    for (const [commitId, waiters] of this.#waiters) {
      const left = waiters.filter(({ untilMs }) => untilMs > nowMs);
      for (const waiter of waiters) {
        if (waiter.untilMs <= nowMs) waiter.settle({ kind: "pending" });
      }
      if (left.length > 0) this.#waiters.set(commitId, left);
      else this.#waiters.delete(commitId);
    }
  }
}
