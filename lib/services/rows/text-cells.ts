import type { ReadCell } from "@/lib/core/import/read-cell";
import type { RowProblem } from "./row-problems";
import type { CellValue } from "./row-sink";

/** What the shared readers of cells give, as the bytes and numbers that are written. */
export function cellValueOf(read: Exclude<ReadCell, null | { message: string }>): CellValue {
  const { type, value } = read.cell;
  switch (type) {
    case "integer":
      return BigInt(value);
    case "string":
      return Buffer.from(String(value));
    case "binary":
      return Buffer.from(String(value), "base64");
    case "double":
    case "boolean":
      return value as number | boolean;
  }
}

/** Puts a cell that was read, or adds what is wrong with it. */
export function takeCell(
  read: ReadCell,
  place: { readonly line: number; readonly column: string },
  put: (value: CellValue) => void,
  problems: { add: (problem: RowProblem) => void },
): void {
  if (read === null) return;
  if ("cell" in read) put(cellValueOf(read));
  else problems.add({ ...place, message: read.message });
}
