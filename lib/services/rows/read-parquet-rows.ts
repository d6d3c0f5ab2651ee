import { isUtf8 } from "node:buffer";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { AppError } from "@/lib/core/error";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { pageDecompressors } from "@/lib/parquet/page-decompression";
import { checkParquetSchema } from "./parquet-schema";
import { RowProblems } from "./row-problems";
import type { CellValue, RowSink } from "./row-sink";

/** What is decoded at a time: a file's row group may be far larger. */
const sliceBytes = 8 * 1024 * 1024;
const sliceRowsMax = 65_536;
const rowsPerTurn = 4_096;

/**
 * Parquet by any writer, columns by name. Decodes a slice of rows at a time. Throws
 * `session.data_malformed` when the file is none, or has another schema than the dataset.
 */
export async function readParquetRows(file: AsyncBuffer, sink: RowSink): Promise<void> {
  const metadata = await understand(() => parquetMetadataAsync(file, { geoparquet: false }));
  const problems = checkParquetSchema(metadata, sink.columns);
  if (problems.length > 0) throw malformed(problems[0]?.message ?? "", problems);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  const indexes = names.map((name) => sink.columns.findIndex((column) => column.name === name));
  const rows = new ParquetRows(sink, indexes);
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const step = sliceRowsOf(Number(group.total_byte_size), Number(group.num_rows));
    for (let from = start; from < end; from += step) {
      const slice = { from, to: Math.min(from + step, end) };
      await rows.take(await readSlice(file, metadata, names, slice), slice.from);
    }
    start = end;
  }
  rows.end();
}

function sliceRowsOf(bytes: number, rows: number): number {
  const share = Math.floor((rows * sliceBytes) / Math.max(1, bytes));
  return Math.max(1_024, Math.min(sliceRowsMax, share));
}

async function readSlice(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<unknown[][]> {
  let rows: unknown[][] = [];
  await understand(() =>
    parquetRead({
      ...{ file, metadata, columns, rowStart: from, rowEnd: to },
      compressors: pageDecompressors,
      // Text stays the bytes that it is: they are checked and written as they are.
      utf8: false,
      parsers: { stringFromBytes: (bytes) => bytes },
      geoparquet: false,
      onComplete: (read) => {
        rows = read;
      },
    }),
  );
  if (rows.length !== to - from) throw malformed("The file has fewer rows than its footer says.");
  return rows;
}

class ParquetRows {
  readonly #sink: RowSink;
  readonly #indexes: readonly number[];
  readonly #problems = new RowProblems("Row");

  constructor(sink: RowSink, indexes: readonly number[]) {
    this.#sink = sink;
    this.#indexes = indexes;
  }

  async take(rows: readonly unknown[][], first: number): Promise<void> {
    for (const [offset, row] of rows.entries()) {
      for (const [at, index] of this.#indexes.entries()) {
        const value = row[at];
        if (value !== null && value !== undefined) this.#put(index, value, first + offset + 1);
      }
      this.#sink.endRow();
      if ((offset + 1) % rowsPerTurn === 0) await this.#sink.turn();
    }
    await this.#sink.turn();
  }

  end(): void {
    this.#problems.throwIfAny();
  }

  #put(index: number, value: unknown, line: number): void {
    const column = this.#sink.columns[index];
    if (column === undefined) return;
    const read = cellOf(
      column.type === "INT64" && typeof value === "number" ? BigInt(value) : value,
    );
    if (column.type === "UTF8" && read instanceof Uint8Array && !isUtf8(read)) {
      this.#problems.add({ line, column: column.name, message: "The text is not UTF-8." });
    } else if (read !== null) this.#sink.put(index, read);
    else this.#problems.add({ line, column: column.name, message: "The value cannot be read." });
  }
}

function cellOf(value: unknown): CellValue | null {
  const isKnown =
    typeof value === "bigint" ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    value instanceof Uint8Array;
  return isKnown ? value : null;
}

/** Whatever a reader throws at bytes that somebody sent is the bytes' fault, but for our own errors. */
async function understand<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw malformed(`The bytes are no Parquet file that can be read.`, undefined, thrown);
  }
}

function malformed(
  reason: string,
  problems: ConstructorParameters<typeof InvalidInputError>[0] = [
    { field: "rows", message: reason },
  ],
  cause?: unknown,
): InvalidInputError {
  return new InvalidInputError(problems, {
    ...{ code: "session.data_malformed", details: { reason } },
    cause,
  });
}
