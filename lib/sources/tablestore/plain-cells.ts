import type { NewKeyCell } from "@/lib/core/ports/table-editor";
import type { SampleCell } from "@/lib/core/record";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainCell, PlainValue } from "@/lib/tablestore/plain-row";

/** A cell as people write it to the wire's value. The caller has checked the text of integers. */
export function toPlainValue({ type, value }: SampleCell): PlainValue {
  switch (type) {
    case "integer":
      return { type, value: BigInt(value) };
    case "double":
      return { type, value: Number(value) };
    case "boolean":
      return { type, value: Boolean(value) };
    case "string":
      return { type, value: String(value) };
    case "binary":
      return { type, value: Buffer.from(String(value), "base64") };
  }
}

export function plainCell(name: string, value: PlainValue | null): PlainCell {
  const operation = value === null ? "delete-all-versions" : null;
  return { name, value, operation, timestampMs: null };
}

/** One row on the wire; attributes with a null value are taken out of the row. */
export function encodeCells(
  key: readonly NewKeyCell[],
  attributes: readonly PlainCell[],
  deleteMarker = false,
): Uint8Array {
  return encodePlainRow({
    primaryKey: key.map((cell) =>
      plainCell(cell.name, cell.type === "auto" ? { type: "auto-increment" } : toPlainValue(cell)),
    ),
    attributes,
    deleteMarker,
    extension: null,
  });
}

export function toPlainCells(cells: readonly SampleCell[]): PlainCell[] {
  return cells.map((cell) => plainCell(cell.name, toPlainValue(cell)));
}
