import { toAppError } from "@/lib/core/error";
import type { Ledger } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { DeliveryEvents } from "./events";

export type LeaseOptions = {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly ledger: Pick<Ledger, "renewWorker">;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly onLost: () => void;
};

/**
 * The worker's lease, renewed beside everything else that it does: a slow upload or a long query must
 * not cost it its channels. That it ran out is told as soon as it is known, and harmless if it is not:
 * every write that matters is fenced.
 */
export class Lease {
  readonly #o: LeaseOptions;
  readonly #ended = new AbortController();
  #isRegistered = false;

  constructor(options: LeaseOptions) {
    this.#o = options;
  }

  /** Renews until `end`, then lets the lease run out at once, so that nobody waits for it. Never rejects. */
  async keep(): Promise<void> {
    const { leaseMs, clock } = this.#o;
    while (!this.#ended.signal.aborted) {
      await this.#renew(leaseMs);
      await clock.sleep(leaseMs / 4, this.#ended.signal);
    }
    await this.#renew(0);
  }

  end(): void {
    this.#ended.abort();
  }

  async #renew(leaseMs: number): Promise<void> {
    const { workerId, ledger, events, onLost } = this.#o;
    try {
      const renewed = await ledger.renewWorker({ workerId, leaseMs });
      if (!renewed && this.#isRegistered && leaseMs > 0) onLost();
      this.#isRegistered = true;
    } catch (thrown) {
      events.tickFailed(toAppError(thrown));
    }
  }
}
