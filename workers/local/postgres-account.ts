import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";

/** The user that the server runs as; null: as ourselves. PostgreSQL refuses to run as root. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | null;

/** What the launcher cannot mend. The message goes to people as it is. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
}

export function chooseServerAccount(): ServerAccount {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => {
      const answer = spawnSync("id", [flag, name], { encoding: "utf8" });
      return answer.status === 0 ? Number(answer.stdout.trim()) : 0;
    });
    if (uid && gid) return { uid, gid };
  }
  throw new PostgresError(
    "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as. Start Culvert as an ordinary user or set DATABASE_URL.",
  );
}

/** Tried and not computed from mode bits: access lists and mounts decide too. */
function canEnter(account: NonNullable<ServerAccount>, directory: string): boolean {
  return spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", directory], account).status === 0;
}

/** Directories that outlive a restart of the machine come first: the data is kept there. */
const commonPlaces = ["/var/lib/culvert", "/var/tmp/culvert"];

/**
 * A directory that the server's account can reach although ours is closed to it (a home under
 * /root, for one). Only root comes here. Anybody may write to /var/tmp, so a place that somebody
 * else made is not used.
 */
export function openCommonPlace(account: NonNullable<ServerAccount>): string {
  for (const place of commonPlaces) {
    try {
      mkdirSync(place, { mode: 0o755 });
      chmodSync(place, 0o755);
    } catch {
      // It is there already, or cannot be made here: both show below.
    }
    if (isOurs(place) && canEnter(account, place)) return place;
  }
  throw new PostgresError(
    `PostgreSQL does not run as root, and no directory for its files could be made in ${commonPlaces.join(" or ")}. Start Culvert as an ordinary user or set DATABASE_URL.`,
  );
}

function isOurs(place: string): boolean {
  if (!existsSync(place)) return false;
  const stat = lstatSync(place);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}

/**
 * Makes the directory for the server's files and gives it to the server's account. Where that
 * account cannot get there, the directory becomes a link to a new one in a common place.
 */
export function openDataDirectory(wanted: string, account: ServerAccount): string {
  const link = readLink(wanted);
  if (link !== null && !existsSync(link)) {
    throw new PostgresError(
      `${wanted} points to ${link}, which is gone, and with it the database. Restore it, or remove the link to start anew.`,
    );
  }
  mkdirSync(path.dirname(wanted), { recursive: true });
  if (link === null) {
    if (account === null || canEnter(account, path.dirname(wanted))) {
      mkdirSync(wanted, { recursive: true, mode: 0o700 });
    } else {
      const elsewhere = path.join(
        openCommonPlace(account),
        `postgres-${randomBytes(6).toString("hex")}`,
      );
      mkdirSync(elsewhere, { mode: 0o700 });
      symlinkSync(elsewhere, wanted);
    }
  }
  const directory = link ?? readLink(wanted) ?? wanted;
  if (account !== null) chownSync(directory, account.uid, account.gid);
  return directory;
}

function readLink(file: string): string | null {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : null;
  } catch {
    return null;
  }
}
