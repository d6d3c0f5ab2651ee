import type { DatasetColumn } from "@/lib/core/dataset";
import { invariant } from "@/lib/core/error";
import type { RowTarget } from "@/lib/core/ports/row-target";
import { type CellValue, type RowSink, setInt64 } from "../rows/row-sink";

/** Stands where a column's number would: the row ends. Far more than columns a dataset may have. */
const endOfRow = 0xffff;
const bytesFirst = 16 * 1024;

/**
 * The rows of one pack, read and checked, as the bytes that a Parquet writer takes: two bytes of column
 * number, then the value as PLAIN encoding has it. So a window is written by copying, and written again
 * by copying once more when one of its packs turns out to be somebody's retry.
 */
export class PackRows implements RowSink {
  readonly columns: readonly DatasetColumn[];
  #bytes: Buffer = Buffer.allocUnsafeSlow(bytesFirst);
  #view: DataView = viewOf(this.#bytes);
  #end = 0;
  #rows = 0;

  constructor(columns: readonly DatasetColumn[]) {
    this.columns = columns;
  }

  get rows(): number {
    return this.#rows;
  }

  put(column: number, value: CellValue): void {
    switch (this.columns[column]?.type) {
      case "INT64":
        this.#begin(column, 8);
        setInt64(this.#view, this.#end, value as bigint | number);
        this.#end += 8;
        break;
      case "DOUBLE":
        this.#begin(column, 8);
        this.#view.setFloat64(this.#end, value as number, true);
        this.#end += 8;
        break;
      case "BOOLEAN":
        this.#begin(column, 1);
        this.#bytes[this.#end++] = value ? 1 : 0;
        break;
      case "UTF8":
      case "BINARY": {
        const bytes = value as Uint8Array;
        this.#begin(column, 4 + bytes.byteLength);
        this.#view.setUint32(this.#end, bytes.byteLength, true);
        this.#bytes.set(bytes, this.#end + 4);
        this.#end += 4 + bytes.byteLength;
        break;
      }
      case undefined:
        invariant(false, "A reader puts into the columns that it was given");
    }
  }

  endRow(): void {
    this.#begin(endOfRow, 0);
    this.#rows += 1;
  }

  /** Everything is kept: a pack is bounded by the size of its body. */
  async turn(): Promise<void> {}

  /** Puts all rows, and lets the target's owner have its turn every so many. */
  async copyTo(target: RowTarget, rowsPerTurn: number, turn: () => Promise<void>): Promise<void> {
    const place = { at: 0 };
    for (let done = 0; done < this.#rows; done += rowsPerTurn) {
      const upTo = Math.min(this.#rows, done + rowsPerTurn);
      for (let row = done; row < upTo; row += 1) this.#copyRow(target, place);
      await turn();
    }
  }

  #copyRow(target: RowTarget, place: { at: number }): void {
    const view = this.#view;
    let at = place.at;
    for (;;) {
      const column = view.getUint16(at, true);
      at += 2;
      if (column === endOfRow) break;
      switch (this.columns[column]?.type) {
        case "INT64":
          target.putInt64(column, view, at);
          at += 8;
          break;
        case "DOUBLE":
          target.putDouble(column, view, at);
          at += 8;
          break;
        case "BOOLEAN":
          target.putBoolean(column, view.getUint8(at) === 1);
          at += 1;
          break;
        default: {
          const start = at + 4;
          at = start + view.getUint32(at, true);
          target.putBytes(column, view, start, at);
        }
      }
    }
    target.endRow();
    place.at = at;
  }

  /** Makes room for so many bytes more, and writes the column's number. */
  #begin(column: number, bytes: number): void {
    const needed = this.#end + 2 + bytes;
    if (needed > this.#bytes.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.byteLength * 2));
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    this.#view.setUint16(this.#end, column, true);
    this.#end += 2;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
