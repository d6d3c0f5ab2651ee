import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import {
  chooseServerAccount,
  openDataDirectory,
  PostgresError,
  type ServerAccount,
} from "./postgres-account";
import { findBinaries, type PostgresBinaries } from "./postgres-binaries";

export type PostgresOptions = {
  /** Made when missing. Holds the cluster and its log; belongs to one server at a time. */
  readonly dataDirectory: string;
  /** Chosen by the system when absent or 0. */
  readonly port?: number;
  /** The superuser's; settled when the cluster is made. */
  readonly password: string;
  readonly log: (line: string) => void;
  /** Further server settings, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
};

export type PostgresExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type RunningPostgres = {
  /** For the superuser and the database `culvert`; carries the password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles when the server is gone, whoever ended it. Never rejects. */
  readonly exited: Promise<PostgresExit>;
  /** The server's own last lines, for people who have to know why it ended. */
  readonly lastLogLines: () => string;
  /** Ends sessions, writes everything down and resolves when the server is gone. */
  readonly stop: () => Promise<void>;
  /** Ends it without asking; the next start recovers. */
  readonly kill: () => void;
};

const userName = "culvert";
const databaseName = "culvert";
const readyTimeoutMs = 30_000;
const readyPollMs = 40;
const portAttemptsMax = 5;
/** How long the sessions of a server that was killed may need to notice. */
const leftoverTimeoutMs = 15_000;
/** A log that has grown beyond this is put aside at the next start, one generation long. */
const logBytesMax = 16 * 1024 * 1024;

type Cluster = {
  readonly account: ServerAccount;
  readonly binaries: PostgresBinaries;
  /** What the server calls its data directory. */
  readonly data: string;
  readonly logFile: string;
};

/**
 * Starts PostgreSQL on 127.0.0.1, making its cluster first when there is none, and resolves when the
 * database `culvert` answers. Works as root (under another account) and under a closed home. A server
 * that an earlier start left behind on the same directory is stopped first. Throws PostgresError with
 * the server's own last words.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const account = chooseServerAccount();
  const binaries = findBinaries(account);
  const directory = realpathSync(openDataDirectory(path.resolve(options.dataDirectory), account));
  const cluster: Cluster = {
    account,
    binaries,
    data: path.join(directory, "data"),
    logFile: path.join(directory, "postgres.log"),
  };
  initialiseCluster(cluster, options.password);
  stopLeftover(cluster, options.log);
  putLargeLogAside(cluster.logFile);
  return launchWithRetries(cluster, options);
}

class PortTaken extends PostgresError {}
class DirectoryBusy extends PostgresError {}

/**
 * Between our look and the server's bind somebody else may take a port that we chose; and sessions of
 * a server that was killed hold its memory for a moment. Both pass by themselves.
 */
async function launchWithRetries(
  cluster: Cluster,
  options: PostgresOptions,
): Promise<RunningPostgres> {
  const deadline = performance.now() + leftoverTimeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await findFreePort());
    try {
      return await launch(cluster, port, options);
    } catch (thrown) {
      const busy = thrown instanceof DirectoryBusy && performance.now() < deadline;
      const portLost = thrown instanceof PortTaken && !options.port && attempt < portAttemptsMax;
      if (!busy && !portLost) throw thrown;
      if (busy) await sleep(250);
    }
  }
}

function putLargeLogAside(logFile: string): void {
  if (!existsSync(logFile) || statSync(logFile).size < logBytesMax) return;
  renameSync(logFile, `${logFile}.1`);
}

/** Made beside and then renamed: a start that was killed half-way leaves nothing that looks whole. */
function initialiseCluster(cluster: Cluster, password: string): void {
  if (existsSync(path.join(cluster.data, "PG_VERSION"))) return;
  const unfinished = `${cluster.data}.unfinished`;
  const passwordFile = `${cluster.data}.password`;
  for (const file of [unfinished, passwordFile]) rmSync(file, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (cluster.account) chownSync(passwordFile, cluster.account.uid, cluster.account.gid);
  const args = [
    `--pgdata=${unfinished}`,
    `--username=${userName}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ];
  const outcome = spawnSync(cluster.binaries.initdb, args, {
    encoding: "utf8",
    cwd: path.dirname(cluster.data),
    env: serverEnvironment(),
    ...cluster.account,
  });
  rmSync(passwordFile, { force: true });
  if (outcome.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    const said = outcome.error?.message ?? lastLines(outcome.stderr);
    throw new PostgresError(`initdb could not make ${cluster.data}:\n${said}`);
  }
  renameSync(unfinished, cluster.data);
}

/** A server whose parent was killed goes on and holds the directory. Its sessions are somebody's no more. */
function stopLeftover(cluster: Cluster, log: (line: string) => void): void {
  const pidFile = path.join(cluster.data, "postmaster.pid");
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
  if (!isServer(pid, cluster.data)) {
    // The id was given to another program since: PostgreSQL would refuse to start beside it.
    rmSync(pidFile, { force: true });
    return;
  }
  log(`Stopping the PostgreSQL that an earlier start left behind (process ${pid})`);
  control(cluster, "fast", 20) || control(cluster, "immediate", 10);
}

/** True when that process is a server of this very directory. */
function isServer(pid: number, data: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const commandLine = existsSync(`/proc/${pid}/cmdline`)
    ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
    : spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  return commandLine?.includes(data) ?? false;
}

/** `pg_ctl stop`, which waits; false when the server still runs after that time. */
function control(cluster: Cluster, mode: "fast" | "immediate", seconds: number): boolean {
  const args = ["stop", "-D", cluster.data, "-m", mode, "-w", "-t", String(seconds), "-s"];
  const options = { cwd: path.dirname(cluster.data), env: serverEnvironment(), ...cluster.account };
  return spawnSync(cluster.binaries.pgCtl, args, options).status === 0;
}

function serverEnvironment(): NodeJS.ProcessEnv {
  return { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function launch(
  cluster: Cluster,
  port: number,
  options: PostgresOptions,
): Promise<RunningPostgres> {
  const logStart = existsSync(cluster.logFile) ? statSync(cluster.logFile).size : 0;
  const child = spawnServer(cluster, port, options.settings ?? {});
  const exited = new Promise<PostgresExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => resolve({ code: null, signal: null }));
  });
  const lastLogLines = () => lastLines(readFrom(cluster.logFile, logStart));
  const kill = () => killGroup(child);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const stopped = await stopServer(child, exited);
    if (!stopped) kill();
    await exited;
  };
  try {
    await waitUntilReady({ port, password: options.password, exited, lastLogLines });
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const url = connectionUrl(port, options.password, databaseName);
  return { url, port, pid: child.pid ?? 0, exited, lastLogLines, stop, kill };
}

/** In a group of its own, so that Ctrl-C reaches whoever uses the database first. */
function spawnServer(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const all: Record<string, string> = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    wal_level: "logical",
    max_wal_senders: "10",
    max_replication_slots: "10",
    max_connections: "100",
    shared_buffers: "128MB",
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = openSync(cluster.logFile, "a", 0o600);
  try {
    return spawn(cluster.binaries.postgres, ["-D", cluster.data, ...args], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: path.dirname(cluster.data),
      env: serverEnvironment(),
      ...cluster.account,
    });
  } finally {
    closeSync(log);
  }
}

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one. */
async function stopServer(child: ChildProcess, exited: Promise<PostgresExit>): Promise<boolean> {
  for (const [signal, graceMs] of [
    ["SIGINT", 10_000],
    ["SIGQUIT", 5_000],
  ] as const) {
    child.kill(signal);
    const abort = new AbortController();
    const late = sleep(graceMs, "late", { signal: abort.signal }).catch(() => "late");
    const outcome = await Promise.race([exited, late]);
    abort.abort();
    if (outcome !== "late") return true;
  }
  return false;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Gone already, which is what was wanted.
  }
}

type Readiness = {
  readonly port: number;
  readonly password: string;
  readonly exited: Promise<PostgresExit>;
  readonly lastLogLines: () => string;
};

/** Resolves when the server takes connections and the database is there. */
async function waitUntilReady(server: Readiness): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  let ended: PostgresExit | null = null;
  void server.exited.then((exit) => {
    ended = exit;
  });
  for (;;) {
    if (ended !== null) throw startFailure(server);
    try {
      return await createDatabaseIfMissing(server);
    } catch (thrown) {
      const code: unknown = thrown instanceof Error ? Reflect.get(thrown, "code") : null;
      if (code === "28P01") throw wrongPassword(server.port);
      if (performance.now() > deadline) throw notReady(server, thrown);
    }
    await sleep(readyPollMs);
  }
}

async function createDatabaseIfMissing({ port, password }: Readiness): Promise<void> {
  const client = new pg.Client({
    connectionString: connectionUrl(port, password, "postgres"),
    connectionTimeoutMillis: 2_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const found = await client.query("SELECT FROM pg_database WHERE datname = $1", [databaseName]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function startFailure({ port, lastLogLines }: Readiness): PostgresError {
  const said = lastLogLines();
  if (/Address already in use|could not bind/.test(said)) {
    return new PortTaken(`Port ${port} is taken, so PostgreSQL could not listen on it.`);
  }
  const message = `PostgreSQL ended right after its start. It said:\n${said}`;
  return /pre-existing shared memory|lock file .* already exists/.test(said)
    ? new DirectoryBusy(message)
    : new PostgresError(message);
}

function notReady({ lastLogLines }: Readiness, cause: unknown): PostgresError {
  return new PostgresError(
    `PostgreSQL did not take connections within ${readyTimeoutMs / 1000} s. It said:\n${lastLogLines()}`,
    { cause },
  );
}

function wrongPassword(port: number): PostgresError {
  return new PostgresError(
    `The database on port ${port} was made with another password. Restore the password kept beside its directory, or remove both to start anew.`,
  );
}

function connectionUrl(port: number, password: string, database: string): string {
  return `postgresql://${userName}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

function readFrom(file: string, start: number): string {
  if (!existsSync(file)) return "";
  return readFileSync(file).subarray(start).toString("utf8");
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-12).join("\n");
}
