import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Clock } from "@/lib/platform/clock";
import { identifyProcess, isRunning, type ProcessIdentity } from "./process-identity";

const entrySchema = z.object({
  pid: z.number().int().positive(),
  startedAt: z.string(),
  /** Only of a supervisor: it has been asked to stop and the home will soon be free. */
  stopping: z.boolean().optional(),
});
type Entry = z.infer<typeof entrySchema>;

const supervisorEntry = "supervisor";

/** Another supervisor owns this home. The message is for people. */
export class HomeInUse extends Error {
  override readonly name = "HomeInUse";
}

/**
 * `$CULVERT_HOME/run`: who supervises this home, and which processes belong to it. One JSON file
 * each, so that the start after a SIGKILL finds what was left.
 */
export type RunDirectory = {
  /** Remembers that a process belongs to this home. */
  record(name: string, pid: number): void;
  forget(name: string): void;
  /** Ends whatever an earlier supervisor left; resolves with the names of what it had to end. */
  endLeftovers(graceMs: number): Promise<string[]>;
  announceStopping(): void;
  release(): void;
};

/**
 * Makes this process the home's supervisor. A supervisor that is just stopping is waited for;
 * one that is not gets `patienceMs` to show that it is. Throws HomeInUse.
 */
export async function claimRunDirectory(
  home: string,
  options: { readonly clock: Clock; readonly patienceMs: number; readonly stoppingMsMax: number },
): Promise<RunDirectory> {
  const directory = path.join(home, "run");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const self = identifyProcess(process.pid);
  if (self === null) throw new Error("This process cannot be identified");
  await claim(directory, self, home, options);
  const write = (name: string, entry: Entry) => writeEntry(directory, name, entry);
  return {
    record: (name, pid) => {
      const identity = identifyProcess(pid);
      if (identity !== null) write(name, identity);
    },
    forget: (name) => rmSync(entryFile(directory, name), { force: true }),
    endLeftovers: (graceMs) => endLeftovers(directory, options.clock, graceMs),
    announceStopping: () => write(supervisorEntry, { ...self, stopping: true }),
    release: () => rmSync(entryFile(directory, supervisorEntry), { force: true }),
  };
}

async function claim(
  directory: string,
  self: ProcessIdentity,
  home: string,
  options: { readonly clock: Clock; readonly patienceMs: number; readonly stoppingMsMax: number },
): Promise<void> {
  const { clock } = options;
  const file = entryFile(directory, supervisorEntry);
  const since = clock.monotonic();
  for (;;) {
    if (createExclusively(directory, file, self)) return;
    const owner = readEntry(file);
    if (owner === null || !isRunning(owner)) {
      removeStale(file, owner);
      continue;
    }
    const waitMsMax = owner.stopping ? options.stoppingMsMax : options.patienceMs;
    if (clock.monotonic() - since > waitMsMax) {
      throw new HomeInUse(
        `Culvert already runs on ${home} (process ${owner.pid}). Stop it first, or set CULVERT_HOME, PORT, TABLESTORE_PORT and OBJECT_STORE_PORT to run a second one.`,
      );
    }
    await clock.sleep(100);
  }
}

/** A file that appears with its whole content or not at all, and only if none is there. */
function createExclusively(directory: string, file: string, entry: Entry): boolean {
  const draft = path.join(directory, `.claim-${process.pid}`);
  writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Takes a dead supervisor's file away. Two starts may do this at once; the one that moved a live
 * one's file by mistake puts it back.
 */
function removeStale(file: string, stale: Entry | null): void {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readEntry(aside);
  const isLive = moved !== null && moved.pid !== stale?.pid && isRunning(moved);
  if (isLive) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

/**
 * Children end by themselves when their supervisor's pipe closes, so they get the grace time
 * before they are killed, each with its process group.
 */
async function endLeftovers(directory: string, clock: Clock, graceMs: number): Promise<string[]> {
  const left = readdirSync(directory)
    .filter((file) => file.endsWith(".json") && file !== `${supervisorEntry}.json`)
    .map((file) => ({
      name: path.basename(file, ".json"),
      entry: readEntry(path.join(directory, file)),
    }));
  const since = clock.monotonic();
  const ended: string[] = [];
  for (const { name, entry } of left) {
    if (entry !== null && isRunning(entry)) {
      ended.push(name);
      while (isRunning(entry) && clock.monotonic() - since < graceMs) await clock.sleep(20);
      if (isRunning(entry)) killGroup(entry.pid);
      while (isRunning(entry)) await clock.sleep(20);
    }
    rmSync(entryFile(directory, name), { force: true });
  }
  return ended;
}

function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
    } catch (error) {
      // ESRCH: it ended meanwhile, which is what was wanted.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

const entryFile = (directory: string, name: string) => path.join(directory, `${name}.json`);

function writeEntry(directory: string, name: string, entry: Entry): void {
  const draft = path.join(directory, `.${name}-${process.pid}`);
  writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
  renameSync(draft, entryFile(directory, name));
}

/** Null when there is no entry, or one that says nothing (a full disk, a torn write). */
function readEntry(file: string): Entry | null {
  try {
    return entrySchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}
