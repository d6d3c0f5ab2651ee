import { parquetReadObjects } from "hyparquet";
import { createParquetWriter } from "@/lib/parquet/parquet-writer";
import type { RowSink } from "@/lib/services/rows/row-sink";
import { columns } from "./dataset-tables";

/** A row is a number that no other row has. */
export function putRows(sink: Pick<RowSink, "put" | "endRow">, rows: readonly number[]): void {
  for (const row of rows) {
    sink.put(0, BigInt(row));
    sink.endRow();
  }
}

export async function readRows(bytes: Uint8Array): Promise<number[]> {
  const file = new Uint8Array(bytes).buffer;
  const rows = await parquetReadObjects({ file, columns: ["id"] });
  return rows.map(({ id }) => Number(id));
}

export async function encodeRows(rows: readonly number[]): Promise<Uint8Array> {
  const writer = createParquetWriter({
    columns: columns.map((column) => ({ ...column, encoding: "PLAIN" })),
    ...{ compression: "uncompressed", keyValueMetadata: {} },
  });
  const value = new DataView(new ArrayBuffer(8));
  for (const row of rows) {
    value.setBigInt64(0, BigInt(row), true);
    writer.putInt64(0, value, 0);
    writer.endRow();
  }
  return Buffer.concat(await writer.finish());
}
