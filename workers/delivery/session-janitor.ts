import { toAppError } from "@/lib/core/error";
import type { DatasetLedger } from "@/lib/core/ports/dataset-ledger";
import type { Clock } from "@/lib/platform/clock";
import type { DeliveryEvents } from "./events";

const sweepEveryMs = 60_000;
const keptAfterEndMs = 30 * 24 * 60 * 60 * 1_000;
const rowsPerSweepMax = 10_000;

/** Forgets datasets' sessions a month after their end: nobody retries what is that old. */
export class SessionJanitor {
  readonly #ledger: Pick<DatasetLedger, "forgetSessions">;
  readonly #events: Pick<DeliveryEvents, "tickFailed">;
  readonly #clock: Pick<Clock, "monotonic">;
  #lastSweepAtMs: number | null = null;

  constructor(options: {
    readonly ledger: Pick<DatasetLedger, "forgetSessions">;
    readonly events: Pick<DeliveryEvents, "tickFailed">;
    readonly clock: Pick<Clock, "monotonic">;
  }) {
    this.#ledger = options.ledger;
    this.#events = options.events;
    this.#clock = options.clock;
  }

  /** Sweeps when it is time to. Never rejects. */
  async tick(): Promise<void> {
    const nowMs = this.#clock.monotonic();
    if (this.#lastSweepAtMs !== null && nowMs - this.#lastSweepAtMs < sweepEveryMs) return;
    this.#lastSweepAtMs = nowMs;
    const request = { endedBeforeMs: keptAfterEndMs, limit: rowsPerSweepMax };
    await this.#ledger
      .forgetSessions(request)
      .catch((thrown: unknown) => this.#events.tickFailed(toAppError(thrown)));
  }
}
