import type { ClassicLevel } from "classic-level";
import type { Log } from "@/lib/platform/log";
import type { Commit } from "./commit";
import type { CommitLoop } from "./commit-loop";
import { endOfPrefix, garbageKey, namespace } from "./key-encoding";

type Db = ClassicLevel<Buffer, Buffer>;
export type KeyRange = { readonly gte: Buffer; readonly lt: Buffer };

const entriesPerStep = 2000;

/**
 * Key ranges that nothing reads any more: a deleted table's rows, trimmed records, images of a
 * finished snapshot. They are noted with the change that orphans them, so that a crash forgets none,
 * and removed in steps small enough that a commit never waits long.
 */
export class Garbage {
  readonly #db: Db;
  readonly #loop: CommitLoop;
  readonly #log: Log;
  #sweeping: Promise<void> | null = null;
  #closed = false;
  /** Something was noted since the last look; at first, perhaps before the process started. */
  #isNoted = true;

  constructor(db: Db, loop: CommitLoop, log: Log) {
    this.#db = db;
    this.#loop = loop;
    this.#log = log;
  }

  /** Notes ranges in a commit; call `sweep` once it is on disk. */
  add(commit: Commit, ...ranges: readonly KeyRange[]): void {
    this.#isNoted = true;
    for (const range of ranges) {
      commit.putDocument(garbageKey(commit.nextId()), {
        gte: range.gte.toString("hex"),
        lt: range.lt.toString("hex"),
      });
    }
  }

  /** Removes what was noted, in the background; a call while one runs makes it look again. */
  sweep(): void {
    if (!this.#isNoted) return;
    this.#isNoted = false;
    const before = this.#sweeping ?? Promise.resolve();
    const next = before
      .then(() => this.#sweepAll())
      .catch((error: unknown) => this.#log.error({ err: error }, "removing old data failed"));
    this.#sweeping = next;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sweeping;
  }

  /** Resolves when everything noted so far is gone. */
  async settled(): Promise<void> {
    await this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    // What was noted before this call is on disk once an empty job has had its turn.
    await this.#loop.change(() => {});
    const prefix = Buffer.of(namespace.garbage);
    const noted = await this.#db.iterator({ gte: prefix, lt: endOfPrefix(prefix) }).all();
    for (const [key, value] of noted) {
      const { gte, lt } = JSON.parse(value.toString("utf8")) as { gte: string; lt: string };
      const range = { gte: Buffer.from(gte, "hex"), lt: Buffer.from(lt, "hex") };
      if (!(await this.clear(range))) return;
      await this.#loop.change((commit) => commit.deleteKey(key));
    }
  }

  /** Removes a range step by step. False when it was told to stop before the end. */
  async clear(range: KeyRange): Promise<boolean> {
    for (;;) {
      if (this.#closed) return false;
      await this.#db.clear({ ...range, limit: entriesPerStep });
      const left = await this.#db.keys({ ...range, limit: 1 }).all();
      if (left.length === 0) return !this.#closed;
    }
  }
}
