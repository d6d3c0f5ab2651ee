import type { Database } from "@/lib/db/client";
import { systemClock } from "@/lib/platform/clock";
import { EnvError, type TablestoreEnv, tablestoreEnv } from "@/lib/platform/env";
import { createLog, type Log } from "@/lib/platform/log";
import { watchProcessEnd } from "@/lib/platform/process-end";
import type { TablestoreSelf } from "./operations/delivery-tasks";
import { deliveryTasksOnDemand } from "./operations/on-demand";
import { startTablestore } from "./server";

/**
 * The Delivery API works on the console's own tasks, so it needs the console's database and the key
 * that opens sources and destinations.
 */
function configureDeliveryTasks({ DATABASE_URL, CULVERT_SECRET_KEY }: TablestoreEnv, log: Log) {
  if (DATABASE_URL === undefined || CULVERT_SECRET_KEY === undefined) return null;
  let database: Database | null = null;
  const open = async (self: TablestoreSelf) => {
    const [{ createDatabase }, { createConnections }, { deliveryTaskOperations }] =
      await Promise.all([
        import("@/lib/db/client"),
        import("@/lib/services/create-connections"),
        import("./operations/delivery-tasks"),
      ]);
    database = createDatabase(DATABASE_URL, { applicationName: "culvert-tablestore" });
    const connections = createConnections(Buffer.from(CULVERT_SECRET_KEY, "base64"));
    return deliveryTaskOperations({ database, connections, now: systemClock.now, log }, self);
  };
  return {
    operations: (self: TablestoreSelf) => deliveryTasksOnDemand(() => open(self)),
    close: async () => database?.close(),
  };
}

/** The table store's process. Ends with 0 when asked to, with 1 when it cannot start or go on. */
async function main(): Promise<void> {
  const end = watchProcessEnd();
  const env = tablestoreEnv();
  const log = createLog("tablestore");
  const delivery = configureDeliveryTasks(env, log);
  const tablestore = await startTablestore({
    host: env.CULVERT_HOST,
    port: env.TABLESTORE_PORT,
    instance: env.TABLESTORE_INSTANCE,
    accessKeyId: env.TABLESTORE_ACCESS_KEY_ID,
    accessKeySecret: env.TABLESTORE_ACCESS_KEY_SECRET,
    directory: env.TABLESTORE_DATA,
    channelsPerTable: env.TABLESTORE_CHANNELS,
    clock: systemClock,
    log,
    // What LevelDB holds is unknown after a failed write; opening it anew finds out.
    onBroken: () => process.exit(1),
    ...(delivery ? { deliveryTasks: delivery.operations } : {}),
  });
  log.info({ port: tablestore.port }, `listening on http://${env.CULVERT_HOST}:${tablestore.port}`);
  if (!end.aborted) {
    await new Promise((resolve) => end.addEventListener("abort", resolve, { once: true }));
  }
  log.info({ reason: String(end.reason) }, "stopping");
  await tablestore.close();
  await delivery?.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  const text = taken
    ? "The port is taken. Set TABLESTORE_PORT to another one."
    : error instanceof EnvError
      ? error.message
      : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
