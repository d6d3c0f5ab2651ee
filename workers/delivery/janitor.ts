import { toAppError } from "@/lib/core/error";
import type { Ledger } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "./adapters";
import type { DeliveryEvents } from "./events";

const sweepEveryMs = 60_000;
const abandonedAfterMs = 24 * 60 * 60 * 1_000;
const uploadsPerSweepMax = 200;

/**
 * Aborts uploads that we logged, that are a day old, and that no unpublished object names. Uploads of
 * others are never looked at: a bucket may have more than one tenant.
 */
export class Janitor {
  readonly #ledger: Pick<Ledger, "listAbandonedUploads" | "forgetUpload">;
  readonly #adapters: Pick<Adapters, "destination">;
  readonly #events: DeliveryEvents;
  readonly #clock: Clock;
  #lastSweepAtMs: number;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: {
    ledger: Pick<Ledger, "listAbandonedUploads" | "forgetUpload">;
    adapters: Pick<Adapters, "destination">;
    events: DeliveryEvents;
    clock: Clock;
  }) {
    this.#ledger = options.ledger;
    this.#adapters = options.adapters;
    this.#events = options.events;
    this.#clock = options.clock;
    this.#lastSweepAtMs = options.clock.monotonic() - sweepEveryMs;
  }

  tickInBackground(): void {
    if (this.#clock.monotonic() - this.#lastSweepAtMs < sweepEveryMs) return;
    this.#lastSweepAtMs = this.#clock.monotonic();
    this.#sweeping = this.sweep().catch((thrown) => this.#events.tickFailed(toAppError(thrown)));
  }

  /** Resolves when a sweep that is out has ended. */
  idle(): Promise<void> {
    return this.#sweeping;
  }

  async sweep(): Promise<void> {
    const uploads = await this.#ledger.listAbandonedUploads({
      olderThanMs: abandonedAfterMs,
      limit: uploadsPerSweepMax,
    });
    for (const upload of uploads) {
      const { objectId, destinationId, bucket, key, uploadId } = upload;
      try {
        // No id: the worker died between logging and creating, or before it heard the id. A store's
        // own rule for incomplete uploads takes care of the latter.
        if (uploadId !== null) {
          const { store } = await this.#adapters.destination(destinationId);
          await store.abortUpload({ key, uploadId });
        }
        await this.#ledger.forgetUpload(upload);
        this.#events.uploadSwept({ bucket, key, objectId });
      } catch (thrown) {
        this.#events.sweepFailed({ bucket, key }, toAppError(thrown));
      }
    }
  }
}
