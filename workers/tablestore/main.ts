import { systemClock } from "@/lib/platform/clock";
import { EnvError, tablestoreEnv } from "@/lib/platform/env";
import { createLog } from "@/lib/platform/log";
import { watchProcessEnd } from "@/lib/platform/process-end";
import { startTablestore } from "./server";

/** The table store's process. Ends with 0 when asked to, with 1 when it cannot start or go on. */
async function main(): Promise<void> {
  const end = watchProcessEnd();
  const env = tablestoreEnv();
  const log = createLog("tablestore");
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
  });
  log.info({ port: tablestore.port }, `listening on http://${env.CULVERT_HOST}:${tablestore.port}`);
  if (!end.aborted) {
    await new Promise((resolve) => end.addEventListener("abort", resolve, { once: true }));
  }
  log.info({ reason: String(end.reason) }, "stopping");
  await tablestore.close();
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
