import type { ClassicLevel } from "classic-level";
import { headerLength, plainTag } from "@/lib/tablestore/plain-buffer-tags";
import { rangePage } from "../limits";
import { encodeRow, rowLength, writeRow } from "./cell";
import { givesWholeRows, type Projection, projectCells } from "./projection";
import { keySectionOf, plainBytesOf, readStoredRow } from "./stored-row";
import type { Table } from "./table";

type Db = ClassicLevel<Buffer, Buffer>;

const nothing = Buffer.alloc(0);

/** A row's PlainBuffer as the projection wants it; zero bytes when it is not part of the answer. */
export function renderRow(
  table: Table,
  stored: Buffer | undefined,
  projection: Projection,
  nowMs: number,
): Buffer {
  if (stored === undefined) return nothing;
  if (givesWholeRows(table, projection)) return plainBytesOf(stored);
  const { key, cells } = readStoredRow(stored);
  const selected = projectCells(table, cells, projection, nowMs);
  return selected === null ? nothing : encodeRow(key, selected);
}

export type RangeRequest = {
  /** Where the range begins and ends in key order, the start included and the end not. */
  readonly start: Buffer;
  readonly end: Buffer;
  readonly backward: boolean;
  readonly projection: Projection;
  readonly rowsMax: number;
};

export type RangePage = {
  /** One header and the rows, or zero bytes. */
  readonly rows: Buffer;
  readonly bytesRead: number;
  /** PlainBuffer of the key to go on from, or null at the end of the range. */
  readonly nextStart: Buffer | null;
};

const rowsPerStep = 500;
const bytesPerStep = 512 * 1024;

/**
 * Reads rows in order until the range ends or the answer is full. Rows that a filter leaves out
 * count too: they were read.
 */
export async function readRange(
  db: Db,
  table: Table,
  request: RangeRequest,
  nowMs: number,
): Promise<RangePage> {
  const { start, end, backward } = request;
  const iterator = db.values({
    ...(backward ? { lte: start, gt: end, reverse: true } : { gte: start, lt: end }),
    highWaterMarkBytes: bytesPerStep,
  });
  const page = new PageBuilder(table, request, nowMs);
  try {
    for (;;) {
      const values = await iterator.nextv(Math.min(rowsPerStep, page.rowsWanted));
      if (values.length === 0) return page.finish(null);
      for (const stored of values) {
        if (page.isFull(stored)) return page.finish(encodeRow(keySectionOf(stored), []));
        page.add(stored);
      }
    }
  } finally {
    await iterator.close();
  }
}

class PageBuilder {
  readonly #table: Table;
  readonly #projection: Projection;
  readonly #nowMs: number;
  readonly #whole: boolean;
  readonly #rowsMax: number;
  readonly #rows: Buffer[] = [];
  #scanned = 0;
  #bytes = 0;

  constructor(table: Table, request: RangeRequest, nowMs: number) {
    this.#table = table;
    this.#projection = request.projection;
    this.#nowMs = nowMs;
    this.#whole = givesWholeRows(table, request.projection);
    this.#rowsMax = request.rowsMax;
  }

  /** One more than fits tells whether the range goes on. */
  get rowsWanted(): number {
    return Math.min(this.#rowsMax - this.#rows.length, rangePage.rowsMax - this.#scanned) + 1;
  }

  isFull(next: Buffer): boolean {
    if (this.#scanned === 0) return false;
    return (
      this.#rows.length >= this.#rowsMax ||
      this.#scanned >= rangePage.rowsMax ||
      this.#bytes + next.length > rangePage.bytesMax
    );
  }

  add(stored: Buffer): void {
    this.#scanned++;
    this.#bytes += stored.length;
    if (this.#whole) {
      this.#rows.push(plainBytesOf(stored).subarray(headerLength));
      return;
    }
    const { key, cells } = readStoredRow(stored);
    const selected = projectCells(this.#table, cells, this.#projection, this.#nowMs);
    if (selected === null) return;
    const row = Buffer.allocUnsafe(rowLength(key, selected, false));
    writeRow(row, 0, key, selected, false);
    this.#rows.push(row);
  }

  finish(nextStart: Buffer | null): RangePage {
    const header = Buffer.of(plainTag.header, 0, 0, 0);
    const rows = this.#rows.length === 0 ? nothing : Buffer.concat([header, ...this.#rows]);
    return { rows, bytesRead: this.#bytes, nextStart };
  }
}
