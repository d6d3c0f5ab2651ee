import { type Clock, systemClock } from "@/lib/platform/clock";
import { bootstrap, readCredentialsFile } from "./bootstrap";
import { setBootstrapDone } from "./bootstrap-state";
import { type ConsoleServices, consoleServices } from "./console-services";

const retryAfterMinMs = 250;
const retryAfterMaxMs = 5_000;

/** Throws when the environment cannot work, so that a console that could serve nothing does not start. */
export function startConsole(): void {
  const services = consoleServices();
  if (services.env.CULVERT_BOOTSTRAP === "1") void bootstrapUntilDone(services, systemClock);
}

/**
 * Makes what the credentials file names, trying until it works: the database may come up after the
 * console. Until then `GET /api/v1/health` says that the console is being set up.
 */
export async function bootstrapUntilDone(services: ConsoleServices, clock: Clock): Promise<void> {
  const { log, home, env } = services;
  const names = { instance: env.TABLESTORE_INSTANCE, bucket: env.OBJECT_STORE_BUCKET };
  for (let waitMs = retryAfterMinMs; ; waitMs = Math.min(waitMs * 2, retryAfterMaxMs)) {
    try {
      const credentials = await readCredentialsFile(home);
      if (!credentials) throw new Error("credentials.json is not there yet");
      await bootstrap(services, credentials, names);
      setBootstrapDone();
      return;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      log.warn({ reason, retryAfterMs: waitMs }, "setting up failed; trying again");
      await clock.sleep(waitMs);
    }
  }
}
