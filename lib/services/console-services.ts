import path from "node:path";
import { createDatabase } from "@/lib/db/client";
import { type Clock, systemClock } from "@/lib/platform/clock";
import { type ConsoleEnv, consoleEnv } from "@/lib/platform/env";
import { createLog, type Log } from "@/lib/platform/log";
import { decryptSecret } from "@/lib/platform/secret";
import { createTablestoreEditor } from "@/lib/sources/tablestore/tablestore-editor";
import { type Auth, createAuth } from "./auth";
import type { Actor } from "./authenticate";
import type { Editors } from "./connections";
import { createConnections } from "./create-connections";
import { createRecent, type Recent } from "./recent";
import type { ServiceDependencies } from "./service-dependencies";
import { createSignInLimit, type SignInLimit } from "./sign-in-limit";
import { createStreams, type Streams } from "./streams/streams";
import { createWriteGate, type WriteGate } from "./write-gate";

/** What the console's process has one of. */
export type ConsoleServices = ServiceDependencies & {
  readonly editors: Editors;
  readonly auth: Auth;
  readonly signInLimit: SignInLimit;
  /** Whose a credential is, by its digest. */
  readonly actors: Recent<Actor>;
  /** JSON answers of routes that are shared, by what was asked. */
  readonly answers: Recent<string>;
  /** Of uploads. */
  readonly writes: WriteGate;
  /** Of downloads. */
  readonly reads: WriteGate;
  readonly streams: Streams;
  readonly clock: Clock;
  /** What people type into their browser, without a path. */
  readonly publicUrl: string;
  readonly home: string;
  readonly env: ConsoleEnv;
};

/** How late a console notices in what is polled that a key or a session was revoked, or a role changed, elsewhere. */
const actorsKept = { keepMs: 2_000, entriesMax: 1_000 };
/** How old an answer may be, and how late a console shows what was changed elsewhere. */
const answersKept = { keepMs: 250, entriesMax: 100 };

function createEditors(secretKey: Buffer): Editors {
  return {
    openEditor: ({ secret, ...source }) =>
      createTablestoreEditor({ ...source, accessKeySecret: decryptSecret(secret, secretKey) }),
  };
}

/** Opens everything from the environment; nothing connects before it is used. */
export function createConsoleServices(env: ConsoleEnv, log: Log): ConsoleServices {
  const secretKey = Buffer.from(env.CULVERT_SECRET_KEY, "base64");
  const database = createDatabase(env.DATABASE_URL, { applicationName: "culvert-console" });
  const publicUrl = publicUrlOf(env);
  const connections = createConnections(secretKey);
  return {
    database,
    connections,
    editors: createEditors(secretKey),
    secretKey,
    now: systemClock.now,
    log,
    auth: createAuth({ database, secretKey, publicUrl, log }),
    signInLimit: createSignInLimit(systemClock.monotonic),
    actors: createRecent({ ...actorsKept, monotonicMs: systemClock.monotonic }),
    answers: createRecent({ ...answersKept, monotonicMs: systemClock.monotonic }),
    writes: createWriteGate(systemClock.monotonic),
    reads: createWriteGate(systemClock.monotonic),
    streams: createStreams({ database, connections, clock: systemClock }),
    clock: systemClock,
    publicUrl,
    home: path.resolve(env.CULVERT_HOME),
    env,
  };
}

function publicUrlOf(env: ConsoleEnv): string {
  if (env.CULVERT_PUBLIC_URL !== undefined) return new URL(env.CULVERT_PUBLIC_URL).origin;
  const host =
    env.CULVERT_HOST === "0.0.0.0" || env.CULVERT_HOST === "::" ? "localhost" : env.CULVERT_HOST;
  return `http://${host.includes(":") ? `[${host}]` : host}:${env.PORT}`;
}

/**
 * Next compiles routes, pages and instrumentation apart and loads them again when a file changes, so
 * a module's own variable would open a pool of connections for each. The process has one.
 */
const slot = Symbol.for("culvert.console");
type Process = typeof globalThis & { [slot]?: { log: Log; services: ConsoleServices | null } };

function processSlot() {
  const process: Process = globalThis;
  process[slot] ??= { log: createLog("console"), services: null };
  return process[slot];
}

export function consoleLog(): Log {
  return processSlot().log;
}

/** The process's services, opened at the first call. Throws `EnvError` when the environment cannot work. */
export function consoleServices(): ConsoleServices {
  const one = processSlot();
  one.services ??= createConsoleServices(consoleEnv(), one.log);
  return one.services;
}
