import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/**
 * A process as nobody else can be it: its id together with when it started. Ids are used again,
 * so an id from a file alone must never be killed.
 */
export type ProcessIdentity = { readonly pid: number; readonly startedAt: string };

/**
 * When the process started, as the system tells it: boot and clock ticks on Linux, a date
 * elsewhere. Null when no such process runs; one that ended but was not reaped does not run.
 */
export function readStartTime(pid: number): string | null {
  return existsSync("/proc/self/stat") ? readFromProc(pid) : readFromPs(pid);
}

export function identifyProcess(pid: number): ProcessIdentity | null {
  const startedAt = readStartTime(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isRunning(process: ProcessIdentity): boolean {
  return readStartTime(process.pid) === process.startedAt;
}

function readFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // ENOENT and ESRCH both mean that it is gone.
    return null;
  }
  // The name, in parentheses, may hold anything; the fields count from behind it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === "Z" || state === "X" || startTicks === undefined) return null;
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${boot}/${startTicks}`;
}

function readFromPs(pid: number): string | null {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    }).trim();
    return line === "" || line.startsWith("Z") ? null : line.replace(/^\S+\s+/, "");
  } catch {
    // ps ends with 1 when it finds no such process.
    return null;
  }
}
