import type { DatasetColumn } from "@/lib/core/dataset";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { createParquetWriter } from "@/lib/parquet/parquet-writer";
import { type CellValue, createCellWriter } from "./row-sink";

type Rows = AsyncIterable<readonly (readonly unknown[])[]>;

/** One JSON object a line; every value is read back as it is by an upload. */
export async function* writeNdjson(
  columns: readonly DatasetColumn[],
  rows: Rows,
): AsyncGenerator<Uint8Array> {
  const names = columns.map(({ name }) => JSON.stringify(name));
  for await (const some of rows) {
    const lines = some.map((row) => {
      const fields = columns.flatMap(({ type }, index) => {
        const value = row[index];
        return isNull(value) ? [] : [`${names[index]}:${jsonOf(type, value)}`];
      });
      return `{${fields.join(",")}}\n`;
    });
    yield Buffer.from(lines.join(""));
  }
}

/** A header, then a line a row. Null is nothing; the empty text is quoted. */
export async function* writeCsv(
  columns: readonly DatasetColumn[],
  rows: Rows,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${columns.map(({ name }) => csvText(name)).join(",")}\n`);
  for await (const some of rows) {
    const lines = some.map(
      (row) => `${columns.map(({ type }, index) => csvOf(type, row[index])).join(",")}\n`,
    );
    yield Buffer.from(lines.join(""));
  }
}

/** One Parquet object of these columns. */
export async function* writeParquet(
  columns: readonly DatasetColumn[],
  rows: Rows,
): AsyncGenerator<Uint8Array> {
  const writer = createParquetWriter({
    columns: columns.map(({ name, type }) => ({ name, type, encoding: "PLAIN" })),
    compression: "snappy",
    keyValueMetadata: {},
  });
  const put = createCellWriter(columns);
  for await (const some of rows) {
    for (const row of some) {
      for (const index of columns.keys()) {
        const value = row[index];
        if (!isNull(value)) put(writer, index, value as CellValue);
      }
      writer.endRow();
    }
    if (writer.isRowGroupFull) {
      await writer.closeRowGroup();
      yield* writer.takeClosed();
    }
  }
  yield* await writer.finish();
}

function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}

function textOf(value: unknown, encoding: "utf8" | "base64"): string {
  return Buffer.from(value as Uint8Array).toString(encoding);
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

function jsonOf(type: ParquetType, value: unknown): string {
  switch (type) {
    case "INT64":
    case "BOOLEAN":
      return String(value);
    case "DOUBLE": {
      const text = doubleText(value as number);
      return Number.isFinite(value) ? text : `"${text}"`;
    }
    case "UTF8":
      return JSON.stringify(textOf(value, "utf8"));
    case "BINARY":
      return `"${textOf(value, "base64")}"`;
  }
}

function csvOf(type: ParquetType, value: unknown): string {
  if (isNull(value)) return "";
  switch (type) {
    case "INT64":
    case "BOOLEAN":
      return String(value);
    case "DOUBLE":
      return doubleText(value as number);
    case "UTF8":
      return csvText(textOf(value, "utf8"));
    case "BINARY":
      return csvText(textOf(value, "base64"));
  }
}

function csvText(text: string): string {
  return /^$|[",\r\n]|^\s|\s$|^\uFEFF/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
