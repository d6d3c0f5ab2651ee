import type { ParquetType } from "@/lib/core/schema-mapping";
import {
  createParquetWriter,
  defaultLimits,
  type ParquetColumn,
  type ParquetWriter,
  type ParquetWriterOptions,
  type WriterLimits,
} from "../parquet-writer";

/** INT64 is bigint, BINARY is bytes; the others are what they look like. */
export type Cell = bigint | number | boolean | string | Uint8Array | null;
export type Row = readonly Cell[];
export type SampleTable = {
  readonly columns: readonly ParquetColumn[];
  readonly rows: readonly Row[];
};

export type WriteOptions = Partial<Omit<ParquetWriterOptions, "columns" | "limits">> &
  Partial<WriterLimits> & {
    /** Called after each row, to cut row groups and take bytes in the middle. */
    readonly afterRow?: (writer: ParquetWriter, row: number) => void | Promise<void>;
  };

export function columnsOf(...types: readonly ParquetType[]): ParquetColumn[] {
  return types.map((type, at) => ({ name: `c${at}`, type, encoding: "PLAIN" }));
}

/** Puts one value as the decoder would: out of a larger run of bytes, at any alignment. */
export function putCell(
  writer: ParquetWriter,
  column: number,
  type: ParquetType,
  cell: Cell,
): void {
  if (cell === null) return;
  if (typeof cell === "boolean") {
    writer.putBoolean(column, cell);
    return;
  }
  const bytes = bytesOf(type, cell);
  const lead = 1 + (bytes.length % 3);
  const source = new Uint8Array(lead + bytes.length + (bytes.length % 7)).fill(0xee);
  source.set(bytes, lead);
  const view = new DataView(source.buffer);
  if (type === "INT64") writer.putInt64(column, view, lead);
  else if (type === "DOUBLE") writer.putDouble(column, view, lead);
  else writer.putBytes(column, view, lead, lead + bytes.length);
}

/** Row groups are closed as soon as they are full. */
export async function writeTable(
  table: SampleTable,
  options: WriteOptions = {},
): Promise<Uint8Array> {
  const { afterRow, pageBytesMax, rowGroupBytesMax, rowGroupRowsMax, ...settings } = options;
  const limits = defaultLimits(table.columns.length);
  const writer = createParquetWriter({
    columns: table.columns,
    compression: "uncompressed",
    keyValueMetadata: {},
    limits: {
      pageBytesMax: pageBytesMax ?? limits.pageBytesMax,
      rowGroupBytesMax: rowGroupBytesMax ?? limits.rowGroupBytesMax,
      rowGroupRowsMax: rowGroupRowsMax ?? limits.rowGroupRowsMax,
    },
    ...settings,
  });
  const chunks: Uint8Array[] = [];
  const taking: ParquetWriter = Object.create(writer, {
    takeClosed: { value: () => chunks.push(...writer.takeClosed()) },
    closeRowGroup: { value: () => writer.closeRowGroup() },
    trim: { value: () => writer.trim() },
  });
  for (const [at, row] of table.rows.entries()) {
    row.forEach((cell, column) => {
      putCell(writer, column, (table.columns[column] as ParquetColumn).type, cell);
    });
    writer.endRow();
    if (writer.isRowGroupFull) await writer.closeRowGroup();
    await afterRow?.(taking, at);
  }
  chunks.push(...(await writer.finish()));
  return new Uint8Array(Buffer.concat(chunks));
}

/** One text per cell by which two readers' values are compared: NaN and the zeros stay apart. */
export function canonical(cell: unknown): string {
  if (cell === null || cell === undefined) return "null";
  if (typeof cell === "number") return Object.is(cell, -0) ? "double -0" : `double ${cell}`;
  if (cell instanceof Uint8Array) return `binary ${Buffer.from(cell).toString("hex")}`;
  if (typeof cell === "string") return `text ${cell}`;
  return `${typeof cell} ${String(cell)}`;
}

/** All cells column by column: what every reader must give back. */
export function canonicalColumns(table: SampleTable): string[][] {
  return table.columns.map((_, column) => table.rows.map((row) => canonical(row[column])));
}

function bytesOf(type: ParquetType, cell: bigint | number | string | Uint8Array): Uint8Array {
  if (typeof cell === "string") return Buffer.from(cell, "utf8");
  if (cell instanceof Uint8Array) return cell;
  const bytes = Buffer.alloc(8);
  if (type === "DOUBLE") bytes.writeDoubleLE(Number(cell));
  else bytes.writeBigInt64LE(BigInt(cell));
  return bytes;
}
