import { CsvError, Parser } from "csv-parse";
import { CsvReader } from "@/lib/core/import/csv-reader";
import { readText } from "@/lib/core/import/read-cell";
import { lineCharactersMax } from "@/lib/core/import/text-lines";
import type { ColumnType } from "@/lib/core/record";
import { columnTypeOf } from "@/lib/core/schema-mapping";
import { RowProblems } from "./row-problems";
import type { RowSink } from "./row-sink";
import { takeCell } from "./text-cells";
import { Utf8Pieces } from "./utf8-pieces";

type Field = string | null;
/** A record and its text with the line break: where it stands, and what was quoted, are read from that. */
type ParsedRecord = { readonly record: readonly string[]; readonly raw: string };

/**
 * CSV (RFC 4180) whose first line names columns of the dataset, in any order; one that is not named is
 * null throughout. Nothing between two commas is null, a quoted nothing is the empty text. Throws
 * `session.data_malformed` with every problem, each with its line and column.
 */
export async function readCsvRows(body: AsyncIterable<Uint8Array>, sink: RowSink): Promise<void> {
  const problems = new RowProblems("Line");
  const pieces = new Utf8Pieces(problems);
  const rows = new CsvRows(sink, problems);
  const parser = openParser();
  let failure: unknown = null;
  parser.on("error", (thrown) => {
    failure ??= thrown;
  });
  const feed = async (send: (done: () => void) => void) => {
    const sent = new Promise<void>((resolve) => send(() => resolve()));
    takeParsed(parser, rows);
    await sent;
    takeParsed(parser, rows);
    if (failure !== null) throw explain(failure, problems, rows.nextLine);
  };
  for await (const piece of body) {
    const bytes = pieces.push(piece);
    if (bytes.byteLength > 0) await feed((done) => parser.write(bytes, done));
    await sink.turn();
  }
  pieces.end();
  await feed((done) => parser.once("error", done).end(done));
  problems.throwIfAny();
}

/** Without `info` and `cast`, which tell line and quoting too, and make every field six times as dear. */
function openParser(): Parser {
  return new Parser({
    bom: true,
    raw: true,
    record_delimiter: ["\r\n", "\n"],
    // Told with line and column by us.
    relax_column_count: true,
    max_record_size: lineCharactersMax,
  });
}

function takeParsed(parser: Parser, rows: CsvRows): void {
  for (let parsed = parser.read(); parsed !== null; parsed = parser.read()) {
    rows.take(parsed as ParsedRecord);
  }
}

/** The parser's own words name a line and no column; what was found before comes with it. */
function explain(thrown: unknown, problems: RowProblems, nextLine: number): unknown {
  if (!(thrown instanceof CsvError)) return thrown;
  // It names the line where it gave up; an open quote may have been opened long before.
  const isOpen = thrown.code === "CSV_QUOTE_NOT_CLOSED" || thrown.code === "CSV_MAX_RECORD_SIZE";
  const line = isOpen ? nextLine : Number(Reflect.get(thrown, "lines") ?? nextLine);
  const message = brokenQuotes.get(thrown.code) ?? "The record cannot be read as CSV.";
  try {
    problems.add({ line, column: null, message });
    problems.throwIfAny();
  } catch (told) {
    return told;
  }
  return thrown;
}

const brokenQuotes: ReadonlyMap<string, string> = new Map([
  ["CSV_QUOTE_NOT_CLOSED", "A quote is opened and never closed."],
  ["CSV_INVALID_CLOSING_QUOTE", "Something stands between a closing quote and the next comma."],
  ["INVALID_OPENING_QUOTE", "A quote stands inside a field that does not begin with one."],
  ["CSV_MAX_RECORD_SIZE", "The record is too long."],
]);

/** Records become rows; the first one is the header. */
class CsvRows {
  readonly #sink: RowSink;
  readonly #problems: RowProblems;
  /** Where the next record begins. */
  nextLine = 1;
  #header: readonly { name: string; index: number; type: ColumnType }[] | null = null;

  constructor(sink: RowSink, problems: RowProblems) {
    this.#sink = sink;
    this.#problems = problems;
  }

  take({ record, raw }: ParsedRecord): void {
    const line = this.nextLine;
    this.nextLine += countBreaks(raw);
    if (raw.trim() === "") return;
    const fields = nullsOf(record, raw);
    if (this.#header === null) this.#readHeader(fields, line);
    else this.#readRow(this.#header, fields, line);
  }

  #readHeader(record: readonly Field[], line: number): void {
    const seen = new Set<string>();
    this.#header = record.map((field) => {
      const name = field?.trim() ?? "";
      const index = this.#sink.columns.findIndex((column) => column.name === name);
      const column = this.#sink.columns[index];
      const bad = (message: string) => this.#problems.add({ line, column: name || null, message });
      if (!column) bad(name === "" ? "A column has no name." : "The dataset has no such column.");
      if (seen.has(name)) bad("The column is named twice.");
      seen.add(name);
      return { name, index, type: columnTypeOf[column?.type ?? "UTF8"] };
    });
    // Under a wrong header every row would be wrong too.
    this.#problems.throwIfAny();
  }

  #readRow(
    header: readonly { name: string; index: number; type: ColumnType }[],
    record: readonly Field[],
    line: number,
  ): void {
    if (record.length !== header.length) {
      const message = `The line has ${record.length} fields, and the first line has ${header.length}.`;
      this.#problems.add({ line, column: null, message });
      return;
    }
    for (const [at, { name, index, type }] of header.entries()) {
      const field = record[at] ?? null;
      if (field === null) continue;
      const cell = readText(name, type, field);
      takeCell(cell, { line, column: name }, (put) => this.#sink.put(index, put), this.#problems);
    }
    this.#sink.endRow();
  }
}

/** Nothing between two commas is null; only where something empty is quoted do the quotes have to be found. */
function nullsOf(record: readonly string[], raw: string): readonly Field[] {
  if (!record.includes("")) return record;
  if (!raw.includes('""')) return record.map((field) => (field === "" ? null : field));
  const reader = new CsvReader();
  const [again] = [...reader.push(raw), ...reader.end()];
  if (again?.kind !== "record") return record;
  // Only which are null: the other reader makes one line break of two characters.
  return record.map((field, at) => (field === "" && again.fields[at] === null ? null : field));
}

function countBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
