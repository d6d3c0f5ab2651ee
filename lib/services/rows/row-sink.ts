import type { DatasetColumn } from "@/lib/core/dataset";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { ParquetType } from "@/lib/core/schema-mapping";

/**
 * A value as the readers of files give it: integers as bigint, or as numbers that are exact; text and
 * bytes as UTF-8 or raw bytes.
 */
export type CellValue = bigint | number | boolean | Uint8Array;

/** Where the readers of files put rows, value by value; what is not put is null. */
export type RowSink = {
  readonly columns: readonly DatasetColumn[];
  readonly put: (column: number, value: CellValue) => void;
  readonly endRow: () => void;
  /** Lets what is full go on its way; to be awaited every few thousand rows. */
  readonly turn: () => Promise<void>;
};

const twoTo32 = 2 ** 32;

/** Little-endian. Without a bigint where there is none: one for each value is most of a row's cost. */
export function setInt64(view: DataView, offset: number, value: bigint | number): void {
  if (typeof value === "bigint") {
    view.setBigInt64(offset, value, true);
    return;
  }
  view.setInt32(offset, value | 0, true);
  view.setInt32(offset + 4, Math.floor(value / twoTo32), true);
}

/** Puts values into a target that takes them as the bytes of PLAIN encoding. */
export function createCellWriter(
  columns: readonly DatasetColumn[],
): (target: RowTarget, column: number, value: CellValue) => void {
  const fixed = new DataView(new ArrayBuffer(8));
  const types: readonly (ParquetType | undefined)[] = columns.map(({ type }) => type);
  return (target, column, value) => {
    switch (types[column]) {
      case "INT64":
        setInt64(fixed, 0, value as bigint | number);
        target.putInt64(column, fixed, 0);
        break;
      case "DOUBLE":
        fixed.setFloat64(0, value as number, true);
        target.putDouble(column, fixed, 0);
        break;
      case "BOOLEAN":
        target.putBoolean(column, value as boolean);
        break;
      case "UTF8":
      case "BINARY": {
        const bytes = value as Uint8Array;
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        target.putBytes(column, view, 0, bytes.byteLength);
        break;
      }
      case undefined:
        break;
    }
  };
}
