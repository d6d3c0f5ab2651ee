import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import { AppError } from "@/lib/core/error";
import { systemClock } from "@/lib/platform/clock";
import {
  EnvError,
  type SupervisorEnv,
  supervisorEnv,
  supervisorVariables,
} from "@/lib/platform/env";
import { bringUp, type UpOptions } from "./bring-up";
import {
  createHome,
  homeDirectory,
  keepSecret,
  readCredentials,
  settleCredentials,
  writeCredentials,
} from "./credentials";
import { commonEnvOf, type Installation } from "./embedded-parts";
import { createEnsemble, type Ensemble } from "./ensemble";
import { choosePorts, PortsTaken } from "./ports";
import { claimRunDirectory, HomeInUse, type RunDirectory } from "./run-directory";
import { watchStopRequests } from "./stop-request";
import { PartFailure } from "./supervisor";
import { createTerminal, type Terminal } from "./terminal";
import { whenAborted } from "./when-aborted";

/** How long a part may take to stop; a delivery worker finishes what it has decided. */
const graceMs = 8_000;

/** Runs Culvert on this machine until it is asked to stop. Resolves with the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const terminal = createTerminal(process.stdout);
  const ensemble = createEnsemble({ clock: systemClock, graceMs, say: terminal.say });
  // However this process ends, nothing it started outlives it.
  process.on("exit", ensemble.killAll);
  const stop = watchStopRequests({ env: process.env, force: () => process.exit(1) });
  stop.addEventListener("abort", () =>
    terminal.say(`Stopping (${stop.reason}); ask again to force it.`),
  );
  const home = homeDirectory();
  let runDirectory: RunDirectory | null = null;
  try {
    const env = supervisorEnv();
    createHome(home);
    runDirectory = await claimRunDirectory(home, {
      clock: systemClock,
      patienceMs: 1_500,
      stoppingMsMax: 2 * graceMs,
    });
    const installation = await settleInstallation(home, env, runDirectory, terminal);
    const ended = AbortSignal.any([stop, ensemble.failed]);
    await bringUp(installation, { ...options, ensemble, runDirectory, terminal, ended });
    await whenAborted(ended);
    if (ensemble.failed.aborted) throw ensemble.failed.reason;
    return 0;
  } catch (error) {
    if (!isForPeople(error)) throw error;
    for (const line of error.message.split("\n")) terminal.say(line);
    return 1;
  } finally {
    await takeDown(ensemble, runDirectory);
  }
}

async function takeDown(ensemble: Ensemble, runDirectory: RunDirectory | null): Promise<void> {
  runDirectory?.announceStopping();
  await ensemble.stopAll();
  runDirectory?.release();
}

/** Everything that is decided before the first part starts: ports, credentials, keys. */
async function settleInstallation(
  home: string,
  env: SupervisorEnv,
  runDirectory: RunDirectory,
  terminal: Terminal,
): Promise<Installation> {
  const left = await runDirectory.endLeftovers(graceMs);
  if (left.length > 0) terminal.say(`An earlier start left these behind: ${left.join(", ")}`);
  const ports = await settlePorts(env);
  const kept = readCredentials(home);
  const host = addressableHost(env.CULVERT_HOST);
  const credentials: CredentialsFile = settleCredentials(kept, env, {
    console: env.CULVERT_PUBLIC_URL ?? `http://${host}:${ports.console}`,
    tablestore: env.TABLESTORE_ENDPOINT ?? `http://${host}:${ports.tablestore}`,
    objectStore: env.OBJECT_STORE_ENDPOINT ?? `http://${host}:${ports.objectStore}`,
  });
  writeCredentials(home, credentials);
  return {
    root: process.cwd(),
    home,
    env,
    credentials,
    credentialsAreNew: kept === null,
    consoleAddress: `http://${host}:${ports.console}`,
    secretKey: env.CULVERT_SECRET_KEY ?? keepSecret(home, "secret.key"),
    ports,
    commonEnv: commonEnvOf(process.env, supervisorVariables),
  };
}

/** Only what is embedded needs a port; the rest gets 0, which nobody looks at. */
async function settlePorts(env: SupervisorEnv): Promise<Installation["ports"]> {
  const [console = 0, postgres = 0, tablestore = 0, objectStore = 0] = await choosePorts(
    env.CULVERT_HOST,
    [
      { part: "console", setting: "PORT", port: env.PORT },
      { part: "PostgreSQL", setting: "DATABASE_URL", port: 0 },
      {
        part: "Tablestore",
        setting: "TABLESTORE_PORT",
        port: env.TABLESTORE_ENDPOINT === undefined ? env.TABLESTORE_PORT : 0,
      },
      {
        part: "object store",
        setting: "OBJECT_STORE_PORT",
        port: env.OBJECT_STORE_ENDPOINT === undefined ? env.OBJECT_STORE_PORT : 0,
      },
    ],
  );
  return { console, postgres, tablestore, objectStore };
}

/** A wildcard is where to listen; it is nowhere to connect to. */
function addressableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function isForPeople(error: unknown): error is Error {
  return [AppError, EnvError, HomeInUse, PortsTaken, PartFailure].some(
    (kind) => error instanceof kind,
  );
}
