import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { createDatasetLedger } from "@/lib/db/dataset-ledger";
import { getDestination } from "@/lib/db/destinations";
import { systemClock } from "@/lib/platform/clock";
import type { ServiceDependencies } from "@/lib/services/service-dependencies";
import type { Adapters } from "@/workers/delivery/adapters";
import { CommitFinisher } from "@/workers/delivery/commit-finisher";
import { createAdapters } from "@/workers/delivery/configured-adapters";
import { createDeliveryEvents } from "@/workers/delivery/events";

type Needs = Pick<ServiceDependencies, "database" | "connections">;
type Kept = Adapters & { close(): Promise<void> };

/** The part of a delivery worker that finishes commits, over the installation's own places. */
export function createFinisher(services: Needs): {
  readonly finisher: CommitFinisher;
  readonly adapters: Kept;
} {
  const { database, connections } = services;
  const adapters = createAdapters({
    getSource: () => Promise.reject(new Error("A finisher reads no source")),
    openSource: () => {
      throw new Error("A finisher reads no source");
    },
    getDestination: (id) => getDestination(database, id),
    openStore: connections.openStore,
    closeAfterMs: 1_000,
    now: systemClock.monotonic,
  });
  const finisher = new CommitFinisher({
    ledger: createDatasetLedger(database),
    adapters,
    events: createDeliveryEvents(pino({ level: "silent" })),
    clock: systemClock,
    random: Math.random,
  });
  return { finisher, adapters };
}

/** Runs beside the tests of a file, as a delivery worker would. */
export function withFinisher(services: () => Needs): void {
  const ended = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  let made: ReturnType<typeof createFinisher> | null = null;
  beforeAll(() => {
    made = createFinisher(services());
    running = made.finisher.run(ended.signal);
  });
  afterAll(async () => {
    ended.abort();
    await running;
    await made?.adapters.close();
  });
}
