import type { Clock } from "@/lib/platform/clock";
import type { Log } from "@/lib/platform/log";
import { trimStreams } from "./store/retention";
import type { Store } from "./store/store";
import { forgetClosedChannels, removeExpiredTunnels } from "./tunnels/remove-expired";
import type { TunnelRegistry } from "./tunnels/tunnel-registry";

const intervalMs = 10_000;

/** What has to be done now and then: removes what has expired or is not needed any more. */
export function startMaintenance(options: {
  readonly store: Store;
  readonly registry: TunnelRegistry;
  readonly clock: Clock;
  readonly log: Log;
}): { close(): Promise<void> } {
  const { clock, log } = options;
  const closing = new AbortController();
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await clock.sleep(intervalMs, closing.signal);
      if (closing.signal.aborted) return;
      try {
        await maintain(options.store, options.registry);
      } catch (error) {
        log.error({ err: error }, "maintenance failed and is tried again");
      }
    }
  };
  const running = run();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** One round. */
export async function maintain(store: Store, registry: TunnelRegistry): Promise<void> {
  const { db, catalogue, loop, garbage, rowExpiry, clock } = store;
  await trimStreams(db, catalogue, loop, garbage, clock.nowMs());
  await removeExpiredTunnels(store, registry);
  await forgetClosedChannels(store, registry);
  await rowExpiry.runRound(clock.nowMs());
  for (const images of registry.imagesToClear()) await garbage.clear(images);
}
