import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import type { Contender } from "../contender";
import { sampleColumns, sampleMapping } from "../sample-records";
import { readText } from "../value-reading";

/** DuckDB's vector size: the most rows that a chunk takes. */
const chunkRows = 2048;
const typeOf: Readonly<Record<ParquetType, DuckDBType>> = {
  BOOLEAN,
  INT64: BIGINT,
  DOUBLE,
  UTF8: VARCHAR,
  BINARY: VARCHAR,
};
const sqlTypes = {
  BOOLEAN: "BOOLEAN",
  INT64: "BIGINT",
  DOUBLE: "DOUBLE",
  UTF8: "VARCHAR",
} as const;

/** Our decoder with a target of columns, 2048 rows at a time: DuckDB's fastest way in from JavaScript. */
class ColumnArrays implements RowTarget {
  readonly columns: DuckDBValue[][] = sampleColumns.map(() => Array(chunkRows).fill(null));
  row = 0;
  readonly #onFull: (columns: DuckDBValue[][], rows: number) => void;

  constructor(onFull: (columns: DuckDBValue[][], rows: number) => void) {
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
    if (++this.row === chunkRows) this.flush();
  }

  flush(): void {
    if (this.row === 0) return;
    this.#onFull(this.columns, this.row);
    for (const column of this.columns) column.fill(null);
    this.row = 0;
  }

  #put(column: number, value: DuckDBValue): void {
    (this.columns[column] as DuckDBValue[])[this.row] = value;
  }
}

/** Rows into a table by data chunks, then COPY to a file: dictionaries off, so that it is PLAIN too. */
export const duckdbCopy: Contender = {
  name: "DuckDB COPY",
  isSlow: false,
  compressions: ["uncompressed", "snappy", "zstd"],
  async open({ compression, rowGroupRows }) {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    const columns = sampleColumns.map(({ name, type }) => {
      return `${name} ${sqlTypes[type as keyof typeof sqlTypes]}`;
    });
    await connection.run(`CREATE TABLE rows (${columns.join(", ")})`);
    const appender = await connection.createAppender("rows");
    const chunk = DuckDBDataChunk.create(sampleColumns.map(({ type }) => typeOf[type]));
    const target = new ColumnArrays((values, rows) => {
      chunk.reset();
      chunk.rowCount = rows;
      values.forEach((column, at) => {
        chunk.setColumnValues(at, rows === chunkRows ? column : column.slice(0, rows));
      });
      appender.appendDataChunk(chunk);
    });
    const decoder = createRecordDecoder(sampleMapping, null);
    return {
      consume(body) {
        const page = decoder.decode(new TablestoreRecordPage(body));
        page.append(0, page.recordCount, { route: () => target, dirtyValue: () => {} });
      },
      async finish() {
        target.flush();
        appender.closeSync();
        const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-duckdb-"));
        try {
          const file = path.join(directory, "rows.parquet");
          await connection.run(
            `COPY rows TO '${file}' (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${rowGroupRows}, DICTIONARY_SIZE_LIMIT 0)`,
          );
          return statSync(file).size;
        } finally {
          connection.closeSync();
          rmSync(directory, { recursive: true });
        }
      },
    };
  },
};
