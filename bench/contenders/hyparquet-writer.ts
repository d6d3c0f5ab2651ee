import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import type { Contender } from "../contender";
import { sampleColumns, sampleMapping } from "../sample-records";
import { readText } from "../value-reading";

type Value = bigint | number | boolean | string | undefined;

const typeOf = {
  BOOLEAN: "BOOLEAN",
  INT64: "INT64",
  DOUBLE: "DOUBLE",
  UTF8: "STRING",
  BINARY: "BYTE_ARRAY",
} as const satisfies Record<ParquetType, string>;

/** Our decoder with a target of columns, a row group at a time: the form that this writer takes. */
class ColumnValues implements RowTarget {
  row = 0;
  readonly #columns: Value[][];
  readonly #onFull: (columns: Value[][]) => void;

  constructor(rowsMax: number, onFull: (columns: Value[][]) => void) {
    this.#columns = sampleColumns.map(() => Array<Value>(rowsMax));
    this.#onFull = onFull;
  }

  putInt64(column: number, source: DataView, offset: number): void {
    this.#put(column, source.getBigInt64(offset, true));
  }
  putDouble(column: number, source: DataView, offset: number): void {
    this.#put(column, source.getFloat64(offset, true));
  }
  putBoolean(column: number, value: boolean): void {
    this.#put(column, value);
  }
  putBytes(column: number, source: DataView, start: number, end: number): void {
    this.#put(column, readText(source, start, end));
  }
  endRow(): void {
    this.row++;
    if (this.row === this.#columns[0]?.length) this.flush();
  }

  flush(): void {
    const { row } = this;
    if (row === 0) return;
    const isWhole = row === this.#columns[0]?.length;
    this.#onFull(isWhole ? this.#columns : this.#columns.map((column) => column.slice(0, row)));
    for (const column of this.#columns) column.fill(undefined);
    this.row = 0;
  }

  #put(column: number, value: Value): void {
    (this.#columns[column] as Value[])[this.row] = value;
  }
}

/** PLAIN forced for each column, statistics and page index on, pages counted and dropped like ours. */
export const hyparquetWriter: Contender = {
  name: "hyparquet-writer",
  isSlow: false,
  compressions: ["uncompressed", "snappy"],
  open({ compression, rowGroupRows }) {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      // What is flushed is done with, so that the object is not held as a whole.
      writer: Object.assign(bytes, {
        flush: () => {
          bytes.index = 0;
        },
      }),
      schema: schemaFromColumnData({
        columnData: sampleColumns.map(({ name, type }) => {
          return { name, data: [], type: typeOf[type], nullable: true };
        }),
      }),
      codec: compression === "snappy" ? "SNAPPY" : "UNCOMPRESSED",
    });
    // Nothing to wait for with a writer of bytes in memory, which is what the library says by `void`.
    let written: void | Promise<void>;
    const target = new ColumnValues(rowGroupRows, (columns) => {
      written = writer.write({
        columnData: columns.map((data, at) => ({
          ...{ name: sampleColumns[at]?.name ?? "", data, encoding: "PLAIN" },
          columnIndex: true,
        })),
        rowGroupSize: rowGroupRows,
      });
    });
    const decoder = createRecordDecoder(sampleMapping, null);
    return {
      consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        page.append(0, page.recordCount, { route: () => target, dirtyValue: () => {} });
        return written;
      },
      async finish() {
        target.flush();
        await written;
        await writer.finish();
        return bytes.offset;
      },
    };
  },
};
