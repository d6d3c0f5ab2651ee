import { randomUUID } from "node:crypto";
import { availableParallelism, hostname, loadavg } from "node:os";
import path from "node:path";
import { createPartitioner } from "@/lib/core/partition";
import { createDatabase, type Database } from "@/lib/db/client";
import { createDatasetLedger } from "@/lib/db/dataset-ledger";
import { getDestination } from "@/lib/db/destinations";
import { createLedger } from "@/lib/db/ledger";
import { createMergeLedger } from "@/lib/db/merge-ledger";
import { createRescanLedger } from "@/lib/db/rescan-ledger";
import { getSource } from "@/lib/db/sources";
import { createVerifyLedger } from "@/lib/db/verify-ledger";
import { systemClock } from "@/lib/platform/clock";
import { deliveryWorkerEnv } from "@/lib/platform/env";
import { letHeapGrow } from "@/lib/platform/heap-growth";
import { createLog } from "@/lib/platform/log";
import { watchProcessEnd } from "@/lib/platform/process-end";
import { decryptSecret } from "@/lib/platform/secret";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import { createTablestoreSource } from "@/lib/sources/tablestore/tablestore-source";
import { etagOfParts } from "@/lib/storage/object-etag";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { CommitFinisher } from "./commit-finisher";
import { createAdapters } from "./configured-adapters";
import { createDeliveryEvents } from "./events";
import { Janitor } from "./janitor";
import { createMergeEvents } from "./merge/merge-events";
import { Merger } from "./merge/merger";
import { createProcessEngine } from "./merge/process-engine";
import { Spool } from "./merge/spool";
import { BucketWatch } from "./verify/bucket-watch";
import { Rescans } from "./verify/rescans";
import { Verifier } from "./verify/verifier";
import { createVerifyEvents } from "./verify/verify-events";
import { type PartitionerFactory, Worker } from "./worker";

const heartbeatMs = 5_000;
const bucketLookEveryMs = 20_000;

/** Composition root of a delivery worker: environment → adapters → worker → end. */
async function main(): Promise<void> {
  letHeapGrow();
  const env = deliveryWorkerEnv();
  const ended = watchProcessEnd();
  const log = createLog("delivery");
  const host = hostname();
  const database = createDatabase(env.DATABASE_URL, { applicationName: "culvert-delivery" });
  const leaseDatabase = createDatabase(env.DATABASE_URL, {
    applicationName: "culvert-delivery-lease",
    connectionsMax: 1,
  });
  const ledger = createLedger(database, { host });
  const events = createDeliveryEvents(log);
  const verifyEvents = createVerifyEvents(log);
  const adapters = openAdapters(database, Buffer.from(env.CULVERT_SECRET_KEY, "base64"));
  const shared = {
    ...{ workerId: `${host}-${process.pid}-${randomUUID().slice(0, 8)}`, adapters, ledger },
    ...{ rescanLedger: createRescanLedger(database, ledger), createPartitioner: partitionerOf },
    ...{ clock: systemClock, random: Math.random, newObjectId: randomUUID, heartbeatMs },
  };
  const worker = new Worker({
    ...shared,
    leaseMs: env.CULVERT_LEASE_MS,
    memoryBudgetBytes: env.CULVERT_MEMORY_BUDGET_BYTES,
    leases: createLedger(leaseDatabase, { host }),
    janitor: new Janitor({ ledger, adapters, events, clock: systemClock }),
    events,
  });
  const verifyLedger = createVerifyLedger(database);
  const verifier = new Verifier({
    ...shared,
    ...{ verifyLedger, etagOf: etagOfParts, events: verifyEvents },
  });
  const watch = new BucketWatch({
    ...{ ...shared, ledger: verifyLedger, events: verifyEvents, everyMs: bucketLookEveryMs },
  });
  const rescans = new Rescans({ ...shared, events: verifyEvents, deliveryEvents: events });
  const datasetLedger = createDatasetLedger(database);
  const finisher = new CommitFinisher({ ...shared, ledger: datasetLedger, events });
  const merger = new Merger({
    ...{ ...shared, ledger: createMergeLedger(database), events: createMergeEvents(log) },
    engine: createProcessEngine(),
    spool: new Spool(path.resolve(env.CULVERT_HOME, "tmp")),
    load: () => ({
      openBytes: worker.openBytes,
      budgetBytes: env.CULVERT_MEMORY_BUDGET_BYTES,
      loadPerCore: (loadavg()[0] ?? 0) / availableParallelism(),
    }),
    loadMax: env.CULVERT_MERGE_LOAD_MAX,
  });
  ended.addEventListener("abort", () => worker.stop());
  await Promise.all([
    ...[worker.run(), verifier.run(ended), watch.run(ended), rescans.run(ended)],
    ...[finisher.run(ended), merger.run(ended)],
  ]);
  await adapters.close();
  await leaseDatabase.close();
  await database.close();
}

function openAdapters(database: Database, secretKey: Buffer) {
  return createAdapters({
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
    now: systemClock.monotonic,
  });
}

const partitionerOf: PartitionerFactory = ({ settings }) =>
  createPartitioner(
    settings,
    createZoneClock(settings.timeZone),
    settings.eventTime && createEventTimeParser(settings.eventTime.format),
  );

main().catch((thrown) => {
  createLog("delivery").fatal({ err: thrown }, "worker ended");
  process.exitCode = 1;
});
