import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parquetReadObjects } from "hyparquet";
import type { ListedObject, ObjectStore } from "@/lib/core/ports/object-store";

/** What is seen that must not be, in the words of the invariant that it breaks. */
export type Finding = string;

export type SeenObject = {
  readonly etag: string;
  readonly sha256: string;
  /** merged: in the folder where merged copies stand. */
  readonly kind: "rows" | "dirty" | "merged";
  /** Rows of a Parquet object, lines of a dirty one. */
  readonly rows: number;
};

export type Watcher = {
  readonly polls: number;
  readonly objects: ReadonlyMap<string, SeenObject>;
  /** `id/v` of every row seen, and the object that it stands in. */
  readonly rows: ReadonlyMap<string, string>;
  /** The same of merged copies: each row once there, too. */
  readonly mergedRows: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  /** Looks once at all that is there; throws when the store does not answer. */
  poll(): Promise<void>;
  /** Reads every object that was ever seen again, byte by byte. */
  readAgain(): Promise<void>;
  /** Polls until `stop`, whatever the store does meanwhile. */
  run(): void;
  stop(): Promise<void>;
};

/** All that a reader has of a bucket. */
type Listed = Pick<ObjectStore, "list" | "read">;

const pauseMs = 150;
const findingsMax = 100;

/**
 * A reader as any other: lists the bucket, and reads what it sees, once, with a Parquet reader that is
 * not ours. Nothing may be seen twice, and nothing that was seen may change or go.
 */
export function createWatcher(
  store: Listed,
  folders: { readonly dirty: string; readonly merged: string },
): Watcher {
  const objects = new Map<string, SeenObject>();
  const rows = new Map<string, string>();
  const mergedRows = new Map<string, string>();
  const findings: Finding[] = [];
  let polls = 0;
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();

  const find = (finding: Finding) => {
    if (findings.length < findingsMax) findings.push(`${new Date().toISOString()} ${finding}`);
  };

  async function read(key: string): Promise<Uint8Array | null> {
    const bytes = await store.read(key);
    if (bytes === null) find(`vanished: ${key} was listed and cannot be read`);
    return bytes;
  }

  async function take({ key, etag }: ListedObject): Promise<void> {
    const bytes = await read(key);
    if (bytes === null) return;
    const kind = kindOf(key);
    const count = kind === "dirty" ? countLines(bytes) : await takeRows(key, kind, bytes);
    objects.set(key, { etag, sha256: hashOf(bytes), kind, rows: count });
  }

  function kindOf(key: string): SeenObject["kind"] {
    if (key.startsWith(folders.dirty)) return "dirty";
    return key.startsWith(folders.merged) ? "merged" : "rows";
  }

  async function takeRows(
    key: string,
    kind: "rows" | "merged",
    bytes: Uint8Array,
  ): Promise<number> {
    const known = kind === "merged" ? mergedRows : rows;
    const file = new Uint8Array(bytes).buffer;
    const found = await parquetReadObjects({ file, columns: ["id", "v"] }).catch((thrown) => {
      find(`unreadable: ${key}: ${String(thrown)}`);
      return [];
    });
    for (const { id, v } of found) {
      const row = `${id}/${v}`;
      const before = known.get(row);
      if (before === undefined) known.set(row, key);
      else find(`doubled: ${row} stands in ${before} and in ${key}`);
    }
    return found.length;
  }

  async function poll(): Promise<void> {
    const listed = await listAll(store);
    const missing = new Set(objects.keys());
    for (const object of listed) {
      missing.delete(object.key);
      const seen = objects.get(object.key);
      if (seen === undefined) await take(object);
      else if (seen.etag !== object.etag) find(`changed: ${object.key} is another object now`);
    }
    for (const key of missing) find(`vanished: ${key} is not listed any more`);
    polls += 1;
  }

  async function loop(): Promise<void> {
    while (!isStopped) {
      // The store is killed now and then: what could not be looked at is looked at the next time.
      await poll().catch(() => undefined);
      await sleep(pauseMs);
    }
  }

  return {
    objects,
    rows,
    mergedRows,
    findings,
    get polls() {
      return polls;
    },
    poll,
    async readAgain() {
      for (const [key, { sha256 }] of objects) {
        const bytes = await read(key);
        if (bytes && hashOf(bytes) !== sha256) find(`changed: ${key} has other bytes now`);
      }
    },
    run() {
      running = loop();
    },
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

async function listAll(store: Listed): Promise<ListedObject[]> {
  const all: ListedObject[] = [];
  for (let after: string | null = null; ; ) {
    const { objects, next } = await store.list({
      prefix: "",
      ...(after === null ? {} : { after }),
    });
    all.push(...objects);
    if (next === null) return all;
    after = next;
  }
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const countLines = (bytes: Uint8Array) => bytes.filter((byte) => byte === 0x0a).length;
