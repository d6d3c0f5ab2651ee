import { statSync } from "node:fs";
import path from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";

/** What a dataset for the sample has. */
export const sampleColumns = [
  { name: "id", type: "INT64" },
  { name: "customer", type: "INT64" },
  { name: "quantity", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "discount", type: "DOUBLE" },
  { name: "paid", type: "BOOLEAN" },
  { name: "status", type: "UTF8" },
  { name: "city", type: "UTF8" },
  { name: "note", type: "UTF8" },
] as const;

export const fileFormats = ["parquet", "ndjson", "csv"] as const;
export type FileFormat = (typeof fileFormats)[number];
export type SampleFile = { readonly file: string; readonly bytes: number };

/** How DuckDB writes and reads them; what we make of them is Parquet without compression too. */
export const duckdbOptions: Readonly<Record<FileFormat, string>> = {
  parquet: "FORMAT parquet, COMPRESSION uncompressed",
  ndjson: "FORMAT json",
  csv: "FORMAT csv, HEADER",
};

/** The statement that gives the sample's rows: every tenth note and discount is null. */
function selectSample(rows: number): string {
  return `SELECT i AS id, (hash(i) % 100000)::BIGINT AS customer, (i % 20)::BIGINT AS quantity,
    (hash(i + 1) % 1000000) / 100.0 AS price, CASE WHEN i % 10 > 0 THEN (i % 7) / 8.0 END AS discount,
    i % 3 = 0 AS paid, ['new', 'sent', 'returned'][1 + i % 3] AS status,
    ['Berlin', 'Hangzhou', 'São Paulo', 'Nairobi'][1 + i % 4] AS city,
    CASE WHEN i % 10 <> 3 THEN 'note ' || i || ', left at the "front" door' END AS note
    FROM range(${rows}) AS source (i)`;
}

export async function writeSample(
  duckdb: DuckDBConnection,
  directory: string,
  rows: number,
): Promise<Record<FileFormat, SampleFile>> {
  const entries: [FileFormat, SampleFile][] = [];
  for (const format of fileFormats) {
    const file = path.join(directory, `sample.${format}`);
    await duckdb.run(`COPY (${selectSample(rows)}) TO '${file}' (${duckdbOptions[format]})`);
    entries.push([format, { file, bytes: statSync(file).size }]);
  }
  return Object.fromEntries(entries) as Record<FileFormat, SampleFile>;
}

/** The statement that reads one of the files with the sample's types. */
export function selectFrom(format: FileFormat, file: string): string {
  const types = { INT64: "BIGINT", DOUBLE: "DOUBLE", BOOLEAN: "BOOLEAN", UTF8: "VARCHAR" };
  const columns = sampleColumns.map(({ name, type }) => `${name}: '${types[type]}'`).join(", ");
  switch (format) {
    case "parquet":
      return `SELECT * FROM read_parquet('${file}')`;
    case "ndjson":
      return `SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {${columns}})`;
    case "csv":
      return `SELECT * FROM read_csv('${file}', header = true, columns = {${columns}})`;
  }
}
