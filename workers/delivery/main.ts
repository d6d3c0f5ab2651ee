import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { createPartitioner } from "@/lib/core/partition";
import { createDatabase } from "@/lib/db/client";
import { getDestination } from "@/lib/db/destinations";
import { createLedger } from "@/lib/db/ledger";
import { getSource } from "@/lib/db/sources";
import { systemClock } from "@/lib/platform/clock";
import { deliveryWorkerEnv } from "@/lib/platform/env";
import { createLog } from "@/lib/platform/log";
import { watchProcessEnd } from "@/lib/platform/process-end";
import { decryptSecret } from "@/lib/platform/secret";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import { createTablestoreSource } from "@/lib/sources/tablestore/tablestore-source";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { createAdapters } from "./configured-adapters";
import { createDeliveryEvents } from "./events";
import { Janitor } from "./janitor";
import { Worker } from "./worker";

/** Composition root of a delivery worker: environment → adapters → worker → end. */
async function main(): Promise<void> {
  const env = deliveryWorkerEnv();
  const ended = watchProcessEnd();
  const log = createLog("delivery");
  const clock = systemClock;
  const secretKey = Buffer.from(env.CULVERT_SECRET_KEY, "base64");
  const database = createDatabase(env.DATABASE_URL, { applicationName: "culvert-delivery" });
  const leaseDatabase = createDatabase(env.DATABASE_URL, {
    applicationName: "culvert-delivery-lease",
    connectionsMax: 1,
  });
  const ledger = createLedger(database, { host: hostname() });
  const events = createDeliveryEvents(log);
  const adapters = createAdapters({
    getSource: (id) => getSource(database, id),
    openSource: (row) =>
      createTablestoreSource({ ...row, accessKeySecret: decryptSecret(row.secret, secretKey) }),
    getDestination: (id) => getDestination(database, id),
    openStore: (row) =>
      createS3ObjectStore({
        ...row,
        endpoint: row.endpoint ?? undefined,
        secretAccessKey: decryptSecret(row.secret, secretKey),
      }),
    closeAfterMs: 120_000,
    now: clock.monotonic,
  });
  const worker = new Worker({
    workerId: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    leaseMs: env.CULVERT_LEASE_MS,
    memoryBudgetBytes: env.CULVERT_MEMORY_BUDGET_BYTES,
    heartbeatMs: 5_000,
    ledger,
    leases: createLedger(leaseDatabase, { host: hostname() }),
    adapters,
    createPartitioner: ({ settings }) =>
      createPartitioner(
        settings,
        createZoneClock(settings.timeZone),
        settings.eventTime && createEventTimeParser(settings.eventTime.format),
      ),
    janitor: new Janitor({ ledger, adapters, events, clock }),
    events,
    clock,
    random: Math.random,
    newObjectId: randomUUID,
  });
  ended.addEventListener("abort", () => worker.stop());
  await worker.run();
  await adapters.close();
  await leaseDatabase.close();
  await database.close();
}

main().catch((thrown) => {
  createLog("delivery").fatal({ err: thrown }, "worker ended");
  process.exitCode = 1;
});
