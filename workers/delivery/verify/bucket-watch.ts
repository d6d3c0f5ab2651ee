import { AppError, toAppError } from "@/lib/core/error";
import type { VerifyLedger } from "@/lib/core/ports/verify-ledger";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "../adapters";
import { mapConcurrently } from "../map-concurrently";
import type { VerifyEvents } from "./verify-events";

const tickMs = 5_000;
const looksPerTickMax = 100;
const looksAtOnceMax = 4;

export type BucketWatchOptions = {
  readonly ledger: Pick<VerifyLedger, "claimBucketLooks" | "askAfterBucketLoss">;
  readonly adapters: Adapters;
  readonly events: VerifyEvents;
  readonly clock: Clock;
  /** Between two looks at the same bucket, by any worker. */
  readonly everyMs: number;
};

/**
 * Looks whether buckets are there, so that one that goes and comes back is noticed while nothing is
 * delivered into it, as after a full delivery. Any other trouble is the deliveries' own to tell.
 */
export class BucketWatch {
  readonly #o: BucketWatchOptions;

  constructor(options: BucketWatchOptions) {
    this.#o = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, events, everyMs } = this.#o;
    while (!signal.aborted) {
      await this.#tick().catch((thrown) =>
        events.backgroundFailed({ work: "watch buckets" }, toAppError(thrown)),
      );
      await clock.sleep(Math.min(tickMs, everyMs), signal);
    }
  }

  async #tick(): Promise<void> {
    const { ledger, everyMs } = this.#o;
    const looks = await ledger.claimBucketLooks({ everyMs, limit: looksPerTickMax });
    await mapConcurrently(looks, looksAtOnceMax, async ({ destinationId, prefix }) => {
      if (await this.#isMissing(destinationId, prefix))
        await ledger.askAfterBucketLoss(destinationId);
    });
  }

  async #isMissing(destinationId: string, prefix: string): Promise<boolean> {
    const template = readPrefixTemplate(prefix);
    const root = template ? describeLayout(template).root : "";
    try {
      const { store } = await this.#o.adapters.destination(destinationId);
      await store.list({ prefix: root === "" ? "" : `${root}/`, limit: 1 });
      return false;
    } catch (thrown) {
      return thrown instanceof AppError && thrown.code === "destination.bucket_missing";
    }
  }
}
