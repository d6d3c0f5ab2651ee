import { systemClock } from "@/lib/platform/clock";
import { EnvError, objectStoreEnv } from "@/lib/platform/env";
import { createLog } from "@/lib/platform/log";
import { watchProcessEnd } from "@/lib/platform/process-end";
import { startObjectStore } from "./server";

/** The object store's process: everything it needs comes from the environment. */
async function main(): Promise<void> {
  const env = objectStoreEnv();
  const log = createLog("object-store");
  const ended = watchProcessEnd();
  const store = await startObjectStore({
    port: env.OBJECT_STORE_PORT,
    host: env.CULVERT_HOST,
    dataDirectory: env.OBJECT_STORE_DATA,
    region: env.OBJECT_STORE_REGION,
    keys: [
      {
        accessKeyId: env.OBJECT_STORE_ACCESS_KEY_ID,
        secretAccessKey: env.OBJECT_STORE_SECRET_ACCESS_KEY,
      },
      ...env.OBJECT_STORE_EXTRA_KEYS,
    ],
    clock: systemClock,
    log,
    // Only opening the index again tells what a failed batch left behind; the supervisor does that.
    onFatal: () => process.exit(1),
  });
  log.info({ port: store.port }, "object store is listening");
  if (!ended.aborted) {
    await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
  }
  log.info({ reason: String(ended.reason) }, "object store is closing");
  await store.close();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const known = error instanceof EnvError;
  const code = (error as { code?: unknown }).code;
  const message =
    code === "EADDRINUSE"
      ? "The object store's port is taken. Choose another with OBJECT_STORE_PORT."
      : known
        ? error.message
        : String((error as Error).stack ?? error);
  console.error(message);
  process.exit(1);
}
