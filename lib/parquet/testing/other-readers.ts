import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBBlobValue, type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { canonical } from "./sample-table";

const require = createRequire(import.meta.url);

/** DuckDB on files of its own; `close` removes them. */
export class DuckDbReader {
  readonly #connection: DuckDBConnection;
  readonly #directory: string;
  #files = 0;

  private constructor(connection: DuckDBConnection, directory: string) {
    this.#connection = connection;
    this.#directory = directory;
  }

  static async open(): Promise<DuckDbReader> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    return new DuckDbReader(
      await instance.connect(),
      await mkdtemp(path.join(tmpdir(), "culvert-parquet-")),
    );
  }

  async save(bytes: Uint8Array): Promise<string> {
    const file = path.join(this.#directory, `${this.#files++}.parquet`);
    await writeFile(file, bytes);
    return file;
  }

  async query(sql: string): Promise<unknown[][]> {
    return (await this.#connection.runAndReadAll(sql)).getColumns();
  }

  /** All cells column by column, as `canonical` text. */
  async read(bytes: Uint8Array): Promise<string[][]> {
    const file = await this.save(bytes);
    const result = await this.#connection.runAndReadAll(`SELECT * FROM '${file}'`);
    const columns = result.getColumns();
    return result
      .columnNames()
      .map((_, at) =>
        (columns[at] ?? []).map((cell) =>
          canonical(cell instanceof DuckDBBlobValue ? cell.bytes : cell),
        ),
      );
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    await rm(this.#directory, { recursive: true });
  }
}

/** arrow-rs. */
export function readWithArrow(bytes: Uint8Array): string[][] {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream());
  return table.schema.fields.map((_, at) => {
    const column = table.getChildAt(at);
    return Array.from({ length: table.numRows }, (_row, row) => canonical(column?.get(row)));
  });
}

/**
 * parquetjs-lite. It has no types, gives a null as a missing property, integers as numbers where
 * they fit, and texts as JavaScript strings.
 */
export async function readWithParquetjs(bytes: Uint8Array): Promise<string[][]> {
  const { ParquetReader } = require("parquetjs-lite");
  const reader = await ParquetReader.openBuffer(Buffer.from(bytes));
  const columns: { name: string; primitiveType: string }[] = reader.getSchema().fieldList;
  const cursor = reader.getCursor();
  const cells: string[][] = columns.map(() => []);
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
    columns.forEach(({ name, primitiveType }, at) => {
      const cell = row[name];
      const value = primitiveType === "INT64" && typeof cell === "number" ? BigInt(cell) : cell;
      cells[at]?.push(canonical(value));
    });
  }
  return cells;
}
