import path from "node:path";
import { AppError } from "@/lib/core/error";
import { systemClock } from "@/lib/platform/clock";
import { type ChildCommand, childProcessPart } from "./child-process-part";
import { keepSecret } from "./credentials";
import {
  consoleCommand,
  deliveryWorkerCommand,
  demoCommand,
  type Installation,
  objectStoreCommand,
  tablestoreCommand,
} from "./embedded-parts";
import { ensureBucket } from "./embedded-setup";
import type { Ensemble } from "./ensemble";
import { answersHttp, describeMissingHealth } from "./http-probe";
import type { Part } from "./part";
import { postgresPart } from "./postgres-part";
import type { RunDirectory } from "./run-directory";
import type { KeptPart } from "./supervisor";
import { describeInstallation, type Terminal } from "./terminal";
import { whenAborted } from "./when-aborted";

/** What `npm start` and `npm run demo` were asked for. */
export type UpOptions = {
  readonly demo: boolean;
  readonly rows?: number | undefined;
  readonly rate?: number | undefined;
};

/** How long everything may take before people are told what they wait for. */
const patienceMs = 20_000;

type Surroundings = UpOptions & {
  readonly ensemble: Ensemble;
  readonly runDirectory: RunDirectory;
  readonly terminal: Terminal;
  /** Aborts when there is no point in going on: a stop request, or a part that was given up. */
  readonly ended: AbortSignal;
};

/**
 * Starts the parts in the order in which they need one another and resolves when all serve, or as
 * soon as `ended` aborts. What it started is in the ensemble either way.
 *
 *   PostgreSQL ─▶ migrate ─┬─▶ console ─┐
 *        └──▶ tablestore   └─▶ workers ─┴─▶ health is 200 ─▶ demo
 *   object store ─▶ bucket ────────────────────┘
 */
export async function bringUp(installation: Installation, around: Surroundings): Promise<void> {
  const { ended, terminal } = around;
  await Promise.race([startAll(installation, around), whenAborted(ended)]);
  if (ended.aborted) return;
  for (const line of describeInstallation(installation)) terminal.say(line);
  if (!around.demo) return;
  const demo = demoCommand(installation, { rows: around.rows ?? 1_000, rate: around.rate ?? 5 });
  around.ensemble.start(child(demo, around, async () => true));
}

async function startAll(installation: Installation, around: Surroundings): Promise<void> {
  const { env } = installation;
  const database = env.DATABASE_URL ?? startPostgres(installation, around);
  const bucket = startObjectStore(installation, around);
  const databaseUrl = await database;
  if (env.TABLESTORE_ENDPOINT === undefined) {
    const command = tablestoreCommand(installation, databaseUrl);
    start(command, installation.credentials.tablestore.endpoint, around);
  }
  await retry("The database is not ready", around, () => migrate(databaseUrl), isUnavailable);
  const console = consoleCommand(installation, databaseUrl);
  start(console, installation.consoleAddress, around);
  const workers = Array.from({ length: env.CULVERT_DELIVERY_WORKERS }, (_, index) =>
    deliveryWorkerCommand(installation, databaseUrl, index + 1),
  );
  // A worker listens nowhere; whether it works is for the health of the whole to say.
  around.ensemble.startTogether(workers.map((worker) => child(worker, around, async () => true)));
  await bucket;
  await waitForHealth(installation.consoleAddress, around);
}

function startPostgres(installation: Installation, around: Surroundings): Promise<string> {
  return new Promise((opened) => {
    around.ensemble.start(
      postgresPart({
        dataDirectory: path.join(installation.home, "postgres"),
        port: installation.ports.postgres,
        password: keepSecret(installation.home, "postgres.key"),
        log: (line) => around.terminal.show("postgres", line),
        opened,
      }),
    );
  });
}

async function startObjectStore(installation: Installation, around: Surroundings): Promise<void> {
  const { env, credentials } = installation;
  const ensure = () => ensureBucket(credentials.objectStore, env.OBJECT_STORE_BUCKET);
  if (env.OBJECT_STORE_ENDPOINT === undefined) {
    const command = objectStoreCommand(installation);
    await start(command, credentials.objectStore.endpoint, around).serving;
    return retry("The object store is not ready", around, ensure);
  }
  try {
    await ensure();
  } catch (error) {
    // The console's own probe of the destination says more, and mending it needs no new start.
    around.terminal.say(`Bucket ${env.OBJECT_STORE_BUCKET}: ${(error as Error).message}`);
  }
}

/** Loaded late: none of it is needed when a port is taken or another supervisor runs. */
async function migrate(databaseUrl: string): Promise<void> {
  const { migrateDatabase } = await import("@/lib/db/migrate");
  await migrateDatabase(databaseUrl);
}

/** A migration that failed needs a person; a database that is not there may come. */
function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === "internal.database_unavailable";
}

/** Starts a part that serves once it answers HTTP at `address`. */
function start(command: ChildCommand, address: string, around: Surroundings): KeptPart {
  return around.ensemble.start(child(command, around, () => answersHttp(address)));
}

function child(command: ChildCommand, around: Surroundings, probe: () => Promise<boolean>): Part {
  const { runDirectory, terminal } = around;
  return childProcessPart(command, {
    clock: systemClock,
    runDirectory,
    show: terminal.show,
    probe,
  });
}

async function waitForHealth(address: string, around: Surroundings): Promise<void> {
  let toldAt = systemClock.monotonic();
  while (!around.ended.aborted) {
    const missing = await describeMissingHealth(address);
    if (missing === null) return;
    if (systemClock.monotonic() - toldAt > patienceMs) {
      around.terminal.say(`Still waiting: ${missing}`);
      toldAt = systemClock.monotonic();
    }
    await systemClock.sleep(60, around.ended);
  }
}

/**
 * Work that needs a part which may just be coming back: tried again as long as `isPassing` says that
 * time can mend the trouble. Any other trouble is thrown.
 */
async function retry(
  trouble: string,
  around: Surroundings,
  work: () => Promise<unknown>,
  isPassing: (error: unknown) => boolean = () => true,
): Promise<void> {
  let told = "";
  while (!around.ended.aborted) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const line = `${trouble}: ${(error as Error).message}`;
      if (line !== told) around.terminal.say(line);
      told = line;
      await systemClock.sleep(500, around.ended);
    }
  }
}
