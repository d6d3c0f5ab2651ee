import { callApi } from "@/app/_api-client/request";
import type { ImportResult } from "@/lib/contracts/row-body";
import { createRowReader, type ImportFormat, type RowProblem } from "@/lib/core/import/row-reader";
import type { ColumnType, SampleCell } from "@/lib/core/record";

/** How far an import is. `problems` holds the first ones; `refused` counts all bad lines. */
export type ImportProgress = {
  readonly bytesRead: number;
  readonly written: number;
  readonly refused: number;
  readonly problems: readonly RowProblem[];
};

export const problemsKeptMax = 200;
/** The API takes 200 rows and 2 MiB at a time. */
const batchRowsMax = 200;
const batchBytesMax = 1_500_000;
const rowBytesMax = 1_900_000;

export class NotUtf8Error extends Error {
  override readonly name = "NotUtf8Error";
}

type Batch = { rows: { line: number; cells: readonly SampleCell[] }[]; bytes: number };

/**
 * Sends a file's rows batch by batch, one at a time, so that nothing but the present piece of the
 * file is in memory. Bad lines are told and the others written. Stops at the first answer that is
 * not about a row (ApiProblem), at bytes that are not UTF-8 (NotUtf8Error), and when aborted.
 */
export async function importFile(request: {
  file: File;
  format: ImportFormat;
  types: ReadonlyMap<string, ColumnType>;
  /** Of the table's rows, under /api/v1. */
  path: string;
  signal: AbortSignal;
  onProgress: (progress: ImportProgress) => void;
}): Promise<void> {
  const { file, signal } = request;
  const reader = createRowReader(request.format, request.types);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const encoder = new TextEncoder();
  const problems: RowProblem[] = [];
  const badLines = new Set<number>();
  let written = 0;
  let bytesRead = 0;
  let batch: Batch = { rows: [], bytes: 0 };

  const report = () =>
    request.onProgress({ bytesRead, written, refused: badLines.size, problems: [...problems] });
  const refuse = (problem: RowProblem) => {
    badLines.add(problem.line);
    if (problems.length < problemsKeptMax) problems.push(problem);
  };
  const send = async () => {
    const { rows } = batch;
    batch = { rows: [], bytes: 0 };
    if (rows.length === 0) return;
    const answer = await callApi<ImportResult>(`${request.path}/import`, {
      method: "POST",
      body: { rows: rows.map(({ cells }) => ({ cells: cells.map(writableCell) })) },
      signal,
    });
    written += answer.written;
    for (const { index, column, message } of answer.refused) {
      refuse({ line: rows[index]?.line ?? 0, column, message });
    }
    report();
  };
  const take = async (rows: ReturnType<typeof reader.push>) => {
    for (const row of rows) {
      if (row.kind === "bad") {
        for (const problem of row.problems) refuse(problem);
        continue;
      }
      const bytes = encoder.encode(JSON.stringify(row.cells)).length;
      if (bytes > rowBytesMax) {
        refuse({ line: row.line, column: null, message: "The row is too large to send." });
        continue;
      }
      if (batch.rows.length === batchRowsMax || batch.bytes + bytes > batchBytesMax) await send();
      batch.rows.push(row);
      batch.bytes += bytes;
    }
  };

  const stream = file.stream().getReader();
  for (let piece = await stream.read(); !piece.done; piece = await stream.read()) {
    signal.throwIfAborted();
    bytesRead += piece.value.byteLength;
    await take(reader.push(decode(decoder, piece.value)));
    report();
  }
  await take(reader.push(decode(decoder)));
  await take(reader.end());
  await send();
  report();
}

function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new NotUtf8Error("The file is not UTF-8 text.");
  }
}

/** JSON has no NaN and no infinity; the API takes their names. */
function writableCell(cell: SampleCell): SampleCell {
  const isWritable = typeof cell.value !== "number" || Number.isFinite(cell.value);
  return isWritable ? cell : { ...cell, value: String(cell.value) };
}
