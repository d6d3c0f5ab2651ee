import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

/** Below this nothing is on any disk. */
const root = "/simulated-disk";
const disks = new Map<string, SimulatedDisk>();
let disksMade = 0;

/**
 * A disk in memory, one for each world. A merge reads and writes files by `node:fs/promises`, and what
 * takes real time has no place in one queue of events: so calls that name a path below `root` are
 * answered from here, at once, and all others go where they always went.
 */
export class SimulatedDisk {
  readonly path: string;
  readonly files = new Map<string, Buffer>();
  isFull = false;
  foldersMade = 0;

  constructor() {
    letCallsThrough();
    disksMade += 1;
    this.path = path.join(root, String(disksMade));
    disks.set(this.path, this);
  }

  /** Nobody will call any more. */
  forget(): void {
    disks.delete(this.path);
  }
}

function diskOf(file: unknown): SimulatedDisk | null {
  if (typeof file !== "string" || !file.startsWith(`${root}/`)) return null;
  return disks.get(file.split("/").slice(0, 3).join("/")) ?? null;
}

const freeBytes = 1e12;
let isInstalled = false;

function letCallsThrough(): void {
  if (isInstalled) return;
  isInstalled = true;
  const real = { ...fs };
  const simulated = {
    mkdir: (file, ...rest) =>
      diskOf(file) ? Promise.resolve(undefined) : real.mkdir(file, ...rest),
    readdir: (file, ...rest) => (diskOf(file) ? Promise.resolve([]) : real.readdir(file, ...rest)),
    mkdtemp: (prefix, ...rest) => {
      const disk = diskOf(prefix);
      if (!disk) return real.mkdtemp(prefix, ...rest);
      disk.foldersMade += 1;
      return Promise.resolve(`${prefix}${disk.foldersMade}`);
    },
    rm: (folder, ...rest) => {
      const disk = diskOf(folder);
      if (!disk) return real.rm(folder, ...rest);
      for (const file of disk.files.keys())
        if (file.startsWith(`${folder}/`)) disk.files.delete(file);
      return Promise.resolve();
    },
    statfs: (file, ...rest) => {
      const disk = diskOf(file);
      if (!disk) return real.statfs(file, ...rest);
      return Promise.resolve({ bavail: disk.isFull ? 0 : freeBytes, bsize: 1 });
    },
    open: (file, ...rest) => {
      const disk = diskOf(file);
      return disk ? Promise.resolve(openFile(disk, String(file))) : real.open(file, ...rest);
    },
  } satisfies Record<string, Call>;
  Object.assign(fs, simulated);
  syncBuiltinESMExports();
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the callers of all these functions give
type Call = (first: any, ...rest: any[]) => Promise<unknown>;

function openFile(disk: SimulatedDisk, file: string) {
  const content = () => disk.files.get(file) ?? Buffer.alloc(0);
  return {
    async writeFile(piece: Uint8Array) {
      disk.files.set(file, Buffer.concat([content(), piece]));
    },
    async stat() {
      return { size: content().byteLength };
    },
    async read(into: Uint8Array, offset: number, length: number, position: number) {
      into.set(content().subarray(position, position + length), offset);
    },
    async close() {},
  };
}
