import { mkdir, mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@/lib/core/error";

const prefix = "merge-";
/** Inputs, output, and as much again for what a sort spills, and some to spare. */
const spaceFactor = 4;
const spareBytes = 64 * 1024 * 1024;

/** Where a worker's merges lie on its disk. What a dead worker of this machine left is taken away. */
export class Spool {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** A folder for one merge; throws `merge.disk_full` when there is no room for it. */
  async open(inputBytes: number): Promise<{ readonly folder: string; close(): Promise<void> }> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const neededBytes = spaceFactor * inputBytes + spareBytes;
    const { bavail, bsize } = await statfs(this.#root);
    const freeBytes = bavail * bsize;
    if (freeBytes < neededBytes) {
      throw new AppError("merge.disk_full", "No room to merge", {
        details: { freeBytes, neededBytes },
      });
    }
    const folder = await mkdtemp(path.join(this.#root, `${prefix}${process.pid}-`));
    return { folder, close: () => rm(folder, { recursive: true, force: true }) };
  }

  async sweep(): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    for (const name of names) {
      const pid = Number(/^merge-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(pid) || isAlive(pid)) continue;
      await rm(path.join(this.#root, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Somebody else's process is one that lives.
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
