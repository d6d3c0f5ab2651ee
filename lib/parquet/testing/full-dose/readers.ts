import { openAsBlob } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { ParquetFile } from "parquet-wasm";
import type { ParquetColumn } from "../../parquet-writer";
import { compressors } from "../hyparquet-reader";
import type { Cell } from "../sample-table";
import { expressionsOf, Fingerprint } from "./fingerprint";

/** Gives the figures of `expressionsOf` for a file, a row group at a time. */
export type DoseReader = (file: string, columns: readonly ParquetColumn[]) => Promise<string[]>;

export const readWithDuckDb: DoseReader = async (file, columns) => {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const expressions = expressionsOf(columns, "duckdb").map((text, at) => `${text} AS f${at}`);
  const result = await connection.runAndReadAll(`SELECT ${expressions.join(", ")} FROM '${file}'`);
  connection.closeSync();
  instance.closeSync();
  return (result.getRows()[0] ?? []).map((value) => String(value));
};

export const readWithHyparquet: DoseReader = async (path, columns) => {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const fingerprint = new Fingerprint(columns);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows = await parquetReadObjects({
      ...{ file, metadata, rowStart, rowEnd, compressors, utf8: false },
    });
    rows.forEach((row, at) => {
      columns.forEach(({ name }, column) => {
        fingerprint.add(column, rowStart + at, (row[name] ?? null) as Cell);
      });
    });
    rowStart = rowEnd;
  }
  return fingerprint.texts();
};

/** arrow-rs. */
export const readWithArrow: DoseReader = async (path, columns) => {
  const file = await ParquetFile.fromFile(await openAsBlob(path));
  const groups = file.metadata().numRowGroups();
  const fingerprint = new Fingerprint(columns);
  let first = 0;
  for (let group = 0; group < groups; group++) {
    const table = tableFromIPC((await file.read({ rowGroups: [group] })).intoIPCStream());
    columns.forEach((_, column) => {
      const cells = table.getChildAt(column);
      for (let row = 0; row < table.numRows; row++) {
        fingerprint.add(column, first + row, (cells?.get(row) ?? null) as Cell);
      }
    });
    first += table.numRows;
  }
  file.free();
  return fingerprint.texts();
};
