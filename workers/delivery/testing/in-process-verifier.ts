import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { createPartitioner } from "@/lib/core/partition";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { Tunnel } from "@/lib/core/ports/table-source";
import { getDestination } from "@/lib/db/destinations";
import { createLedger } from "@/lib/db/ledger";
import { createRescanLedger } from "@/lib/db/rescan-ledger";
import { getSource } from "@/lib/db/sources";
import { createVerifyLedger } from "@/lib/db/verify-ledger";
import { systemClock } from "@/lib/platform/clock";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import { etagOfParts } from "@/lib/storage/object-etag";
import { createAdapters } from "../configured-adapters";
import { BucketWatch } from "../verify/bucket-watch";
import { Verifier } from "../verify/verifier";
import { createVerifyEvents } from "../verify/verify-events";
import type { Rig } from "./delivery-rig";

/** What a test puts in place of some methods; the others stay. */
type Bend<T> = (real: T) => Partial<T>;

/** Runs verifications as a worker does, with its store and its tunnel for a test to bend. */
export async function startInProcessVerifier(
  { database, connections }: Pick<Rig, "database" | "connections">,
  bend: { readonly store?: Bend<ObjectStore>; readonly tunnel?: Bend<Tunnel> } = {},
): Promise<{ stop(): Promise<void> }> {
  const workerId = `verifier-${randomUUID()}`;
  const ledger = createLedger(database, { host: "test" });
  await ledger.renewWorker({ workerId, leaseMs: 600_000 });
  const adapters = createAdapters({
    getSource: (id) => getSource(database, id),
    openSource: (row) => {
      const source = connections.openSource(row);
      return overridden(source, {
        openTunnel: (request) => {
          const tunnel = source.openTunnel(request);
          return overridden(tunnel, bend.tunnel?.(tunnel) ?? {});
        },
      });
    },
    getDestination: (id) => getDestination(database, id),
    openStore: (row) => {
      const store = connections.openStore(row);
      return overridden(store, bend.store?.(store) ?? {});
    },
    closeAfterMs: 60_000,
    now: systemClock.monotonic,
  });
  const verifyLedger = createVerifyLedger(database);
  const events = createVerifyEvents(pino({ level: "silent" }));
  const verifier = new Verifier({
    ...{ workerId, ledger, adapters, verifyLedger, events },
    ...{ rescanLedger: createRescanLedger(database, ledger), etagOf: etagOfParts },
    createPartitioner: ({ settings }) =>
      createPartitioner(
        settings,
        createZoneClock(settings.timeZone),
        settings.eventTime && createEventTimeParser(settings.eventTime.format),
      ),
    ...{ clock: systemClock, random: Math.random, newObjectId: randomUUID },
  });
  const stop = new AbortController();
  const watch = new BucketWatch({
    ...{ ledger: verifyLedger, adapters, events, clock: systemClock, everyMs: 200 },
  });
  const ended = Promise.all([verifier.run(stop.signal), watch.run(stop.signal)]);
  return {
    async stop() {
      stop.abort();
      await ended;
      await adapters.close();
      await database.prisma.worker.delete({ where: { id: workerId } });
    },
  };
}

function overridden<T extends object>(real: T, overrides: Partial<T>): T {
  return new Proxy(real, {
    get(target, name) {
      const override: unknown = Reflect.get(overrides, name);
      if (override !== undefined) return override;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
