import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, type FileHandle, link, mkdir, open, rm, unlink } from "node:fs/promises";
import path from "node:path";
import { type Change, looseFileKey, type ObjectIndex, put, remove } from "./object-index";

/**
 * Files of bytes, and how none is ever lost or left behind:
 *
 *   create ─▶ loose ─▶ (bytes, fsync) ─▶ named by a record ─▶ loose ─▶ unlinked ─▶ forgotten
 *
 * F1 a file is noted as loose before it exists, and again in the batch that takes its name away;
 * F2 the batch that names a file forgets that it is loose, so it is always one of the two;
 * F3 at start every loose file is unlinked: no process but this one uses the directory;
 * F4 a file that is being read is unlinked when its last reader is done.
 */
export type DataFiles = {
  create(): Promise<DataFileWriter>;
  /** A further name for the same bytes, durable; loose until a record names it. */
  duplicate(file: string): Promise<string>;
  /** For the batch that names these files. */
  adopt(files: readonly string[]): Change[];
  /** For the batch that takes their names away; call `discard` when it is committed. */
  abandon(files: readonly string[]): Change[];
  /** Unlinks loose files, now or when their readers are done. */
  discard(files: readonly string[]): Promise<void>;
  retain(files: readonly string[]): void;
  release(files: readonly string[]): Promise<void>;
  /** Bytes [start, end) of a file. */
  read(file: string, start: number, end: number): AsyncIterable<Buffer>;
};

export type DataFileWriter = {
  readonly file: string;
  write(data: Buffer): Promise<void>;
  /** Returns when bytes and name are on disk. */
  finish(): Promise<void>;
  /** Gives the file up, finished or not. */
  discard(): Promise<void>;
};

const directories = 256;
const writeBytes = 256 * 1024;
const readBytes = 256 * 1024;

export async function openDataFiles(root: string, index: ObjectIndex): Promise<DataFiles> {
  await makeDirectories(root);
  const pathOf = (file: string) => path.join(root, file.slice(0, 2), file);
  const readers = new Map<string, number>();
  const condemned = new Set<string>();

  const destroy = async (file: string) => {
    await rm(pathOf(file), { force: true });
    await index.note([remove(looseFileKey(file))]);
  };
  const discard = async (files: readonly string[]) => {
    for (const file of files) {
      if (readers.has(file)) condemned.add(file);
      else await destroy(file);
    }
  };
  const newLooseFile = async () => {
    const file = randomBytes(16).toString("hex");
    await index.note([put(looseFileKey(file), {})]);
    return file;
  };
  await sweep(index, pathOf);

  return {
    async create() {
      const file = await newLooseFile();
      return createWriter(file, pathOf(file), () => discard([file]));
    },
    async duplicate(source) {
      const file = await newLooseFile();
      // File systems without links exist; bytes that are copied have to be synced as well.
      await link(pathOf(source), pathOf(file)).catch(async () => {
        await copyFile(pathOf(source), pathOf(file));
        await syncPath(pathOf(file));
      });
      await syncPath(path.dirname(pathOf(file)));
      return file;
    },
    adopt: (files) => files.map((file) => remove(looseFileKey(file))),
    abandon: (files) => files.map((file) => put(looseFileKey(file), {})),
    discard,
    retain(files) {
      for (const file of files) readers.set(file, (readers.get(file) ?? 0) + 1);
    },
    async release(files) {
      for (const file of files) {
        const left = (readers.get(file) ?? 1) - 1;
        if (left > 0) readers.set(file, left);
        else {
          readers.delete(file);
          if (condemned.delete(file)) await destroy(file);
        }
      }
    },
    read: (file, start, end) =>
      createReadStream(pathOf(file), { start, end: end - 1, highWaterMark: readBytes }),
  };
}

async function makeDirectories(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (let number = 0; number < directories; number += 1) {
    await mkdir(path.join(root, number.toString(16).padStart(2, "0")), { recursive: true });
  }
  await syncPath(root);
}

async function sweep(index: ObjectIndex, pathOf: (file: string) => string): Promise<void> {
  const from = looseFileKey("");
  for await (const { key } of index.scan(from, Buffer.from("g"))) {
    const file = key.toString("utf8", 1);
    await unlink(pathOf(file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await index.note([remove(key)]);
  }
}

/** Makes a file's bytes or a directory's names durable. */
async function syncPath(target: string): Promise<void> {
  const handle = await open(target, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function createWriter(
  file: string,
  target: string,
  destroy: () => Promise<void>,
): Promise<DataFileWriter> {
  let handle: FileHandle | null = await open(target, "wx", 0o600);
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    const data = pending.length === 1 ? pending[0] : Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    for (let at = 0; handle !== null && data !== undefined && at < data.length; ) {
      at += (await handle.write(data, at)).bytesWritten;
    }
  };
  const close = async () => {
    const closing = handle;
    handle = null;
    await closing?.close();
  };
  return {
    file,
    async write(data) {
      pending.push(data);
      pendingBytes += data.length;
      if (pendingBytes >= writeBytes) await flush();
    },
    async finish() {
      await flush();
      // Together, because file systems with a journal then write it once.
      await Promise.all([handle?.sync(), syncPath(path.dirname(target))]);
      await close();
    },
    async discard() {
      await close();
      await destroy();
    },
  };
}
