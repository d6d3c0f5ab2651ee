import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { createPartitioner } from "@/lib/core/partition";
import type { Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { getDestination } from "@/lib/db/destinations";
import { createLedger } from "@/lib/db/ledger";
import { getSource } from "@/lib/db/sources";
import { type Clock, systemClock } from "@/lib/platform/clock";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import { createAdapters } from "../configured-adapters";
import { createDeliveryEvents, type DeliveryEvents } from "../events";
import { Janitor } from "../janitor";
import { Worker } from "../worker";
import type { Rig } from "./delivery-rig";

export type InProcessWorker = { readonly worker: Worker; stop(): Promise<void> };

/** A worker as main.ts composes it, with its ports between it and the real adapters for a test to bend. */
export function startInProcessWorker(
  { database, connections }: Pick<Rig, "database" | "connections">,
  bend: {
    readonly ledger?: (ledger: Ledger) => Ledger;
    readonly store?: (store: ObjectStore) => ObjectStore;
    readonly events?: Partial<DeliveryEvents>;
    readonly clock?: Clock;
  } = {},
): InProcessWorker {
  const { ledger: bendLedger = (ledger) => ledger, store: bendStore = (store) => store } = bend;
  const clock = bend.clock ?? systemClock;
  const real = createLedger(database, { host: "test" });
  const ledger = bendLedger(real);
  const events = { ...createDeliveryEvents(pino({ level: "silent" })), ...bend.events };
  const adapters = createAdapters({
    getSource: (id) => getSource(database, id),
    openSource: connections.openSource,
    getDestination: (id) => getDestination(database, id),
    openStore: (row) => bendStore(connections.openStore(row)),
    closeAfterMs: 60_000,
    now: clock.monotonic,
  });
  const worker = new Worker({
    ...{ workerId: `in-process-${randomUUID()}`, leaseMs: 5_000, heartbeatMs: 1_000 },
    ...{ memoryBudgetBytes: 64 * 1024 * 1024, ledger, leases: real, adapters, events },
    createPartitioner: ({ settings }) =>
      createPartitioner(
        settings,
        createZoneClock(settings.timeZone),
        settings.eventTime && createEventTimeParser(settings.eventTime.format),
      ),
    janitor: new Janitor({ ledger, adapters, events, clock }),
    ...{ clock, random: Math.random, newObjectId: randomUUID },
  });
  const ended = worker.run();
  return {
    worker,
    async stop() {
      worker.stop();
      await ended;
      await adapters.close();
    },
  };
}
