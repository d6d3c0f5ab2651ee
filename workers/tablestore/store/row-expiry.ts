import type { ClassicLevel } from "classic-level";
import type { Catalogue } from "./catalogue";
import type { Commit } from "./commit";
import type { CommitLoop } from "./commit-loop";
import { idKey, keyAfter, namespace } from "./key-encoding";
import { liveCells } from "./live-cells";
import { keepImages } from "./row-change";
import { type RowKey, rowKeyOf } from "./row-key";
import { encodeStoredRow, readStoredRow, writeSequence } from "./stored-row";
import type { Table } from "./table";

type Db = ClassicLevel<Buffer, Buffer>;

/** A table of 40 million rows is gone through in a day: the shortest time that cells can live. */
const rowsPerRound = 5000;
const rowsPerStep = 250;

/**
 * Removes cells that have outlived their table's time to live. Nobody sees them any more, so this is
 * about the disk alone: no stream tells of it, and snapshots keep what they had. Each round goes on
 * where the last one ended, in steps small enough that a commit never waits long.
 */
export class RowExpiry {
  readonly #db: Db;
  readonly #loop: CommitLoop;
  readonly #catalogue: Catalogue;
  /** Table id → the last row that was looked at. */
  readonly #passed = new Map<number, Buffer>();

  constructor(db: Db, loop: CommitLoop, catalogue: Catalogue) {
    this.#db = db;
    this.#loop = loop;
    this.#catalogue = catalogue;
  }

  /** One round over every table whose cells expire. */
  async runRound(nowMs: number): Promise<void> {
    for (const table of this.#catalogue.all()) {
      if (table.document.options.timeToLiveSeconds >= 0) await this.#goThrough(table, nowMs);
    }
  }

  async #goThrough(table: Table, nowMs: number): Promise<void> {
    const { id } = table.document;
    for (let looked = 0; looked < rowsPerRound; looked += rowsPerStep) {
      const passed = this.#passed.get(id);
      const rows = await this.#db
        .iterator({
          gte: passed === undefined ? idKey(namespace.row, id) : keyAfter(passed),
          lt: idKey(namespace.row, id + 1),
          limit: rowsPerStep,
          fillCache: false,
        })
        .all();
      const { timeToLiveSeconds } = table.document.options;
      const expired = rows.filter(([, stored]) => hasExpired(stored, timeToLiveSeconds, nowMs));
      await this.#remove(
        table,
        expired.map(([key]) => rowKeyOf(key)),
      );
      const last = rows.at(-1);
      if (rows.length < rowsPerStep || last === undefined) {
        this.#passed.delete(id);
        return;
      }
      this.#passed.set(id, last[0]);
    }
  }

  async #remove(table: Table, keys: readonly RowKey[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#loop.submit({
      byteLength: 0,
      reads: () => keys,
      run: (commit) => {
        // The table may have been deleted since its rows were looked at.
        if (this.#catalogue.find(table.document.name) !== table) return;
        for (const key of keys) removeExpired(commit, table, key);
      },
    });
  }
}

function hasExpired(stored: Buffer, timeToLiveSeconds: number, nowMs: number): boolean {
  const { cells } = readStoredRow(stored);
  return liveCells(cells, timeToLiveSeconds, nowMs)?.length !== cells.length;
}

/** The row may have been written since it was looked at, so it is judged as it is now. */
function removeExpired(commit: Commit, table: Table, key: RowKey): void {
  const { timeToLiveSeconds } = table.document.options;
  const stored = commit.get(key);
  if (stored === undefined || !hasExpired(stored, timeToLiveSeconds, commit.nowMs)) return;
  keepImages(commit, table, key.bytes, stored);
  const row = readStoredRow(stored);
  const cells = liveCells(row.cells, timeToLiveSeconds, commit.nowMs);
  if (cells === null) {
    commit.delete(key);
    return;
  }
  const left = encodeStoredRow(row.key, cells);
  writeSequence(left, commit.sequence);
  commit.put(key, left);
}
