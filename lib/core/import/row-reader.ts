import type { ColumnType, SampleCell } from "../record";
import { CsvReader, type CsvRecord } from "./csv-reader";
import { type ReadCell, readJson, readText } from "./read-cell";
import { readJsonLine } from "./read-json-line";
import { LineCutter, lineCharactersMax, type TextLine } from "./text-lines";

export type ImportFormat = "csv" | "ndjson";

/** What is wrong with a line; `column` is null when the line as a whole is. */
export type RowProblem = {
  readonly line: number;
  readonly column: string | null;
  readonly message: string;
};

/** A row of the file: its cells, or every problem that it has. */
export type ReadRow =
  | { readonly kind: "row"; readonly line: number; readonly cells: readonly SampleCell[] }
  | { readonly kind: "bad"; readonly problems: readonly RowProblem[] };

/** Takes a file's text piece by piece and gives its rows. */
export type RowReader = {
  readonly push: (piece: string) => ReadRow[];
  readonly end: () => ReadRow[];
};

/** `types` says what the table's columns hold; a CSV column that it does not name holds text. */
export function createRowReader(
  format: ImportFormat,
  types: ReadonlyMap<string, ColumnType>,
): RowReader {
  return format === "csv" ? csvRows(types) : jsonRows(types);
}

/** The first record names the columns. */
function csvRows(types: ReadonlyMap<string, ColumnType>): RowReader {
  const reader = new CsvReader();
  let header: readonly string[] | null = null;
  const take = (record: CsvRecord): ReadRow[] => {
    const { line } = record;
    if (record.kind === "broken") return [bad(line, record.message)];
    if (header === null) {
      header = record.fields.map((name) => name?.trim() ?? "");
      return [];
    }
    if (record.fields.length !== header.length) {
      const { length } = record.fields;
      return [bad(line, `The line has ${length} fields, and the first line has ${header.length}.`)];
    }
    const names = header;
    return [
      toRow(
        line,
        record.fields.map((text, index) => {
          const name = names[index] ?? "";
          return [name, text === null ? null : readText(name, types.get(name) ?? "string", text)];
        }),
      ),
    ];
  };
  return {
    push: (piece) => reader.push(piece).flatMap(take),
    end: () => reader.end().flatMap(take),
  };
}

function jsonRows(types: ReadonlyMap<string, ColumnType>): RowReader {
  const cutter = new LineCutter();
  const take = ({ line, text }: TextLine): ReadRow[] => {
    const json = line === 1 ? text.replace(/^\ufeff/, "") : text;
    if (json.trim() === "") return [];
    if (json.length > lineCharactersMax) return [bad(line, "The line is too long.")];
    const read = readJsonLine(json);
    if (read.kind === "broken") return [bad(line, read.message)];
    return [
      toRow(
        line,
        read.entries.map(([name, value]) => [name, readJson(name, types.get(name), value)]),
      ),
    ];
  };
  return {
    push: (piece) => cutter.push(piece).flatMap(take),
    end: () => cutter.end().flatMap(take),
  };
}

function toRow(line: number, columns: readonly (readonly [string, ReadCell])[]): ReadRow {
  const cells: SampleCell[] = [];
  const problems: RowProblem[] = [];
  for (const [column, read] of columns) {
    if (read === null) continue;
    if ("cell" in read) cells.push(read.cell);
    else problems.push({ line, column, message: read.message });
  }
  return problems.length > 0 ? { kind: "bad", problems } : { kind: "row", line, cells };
}

function bad(line: number, message: string): ReadRow {
  return { kind: "bad", problems: [{ line, column: null, message }] };
}

/** The columns that a CSV file's beginning names; empty when its first record is not whole in it. */
export function readCsvHeader(beginning: string): string[] {
  const first = new CsvReader().push(beginning)[0] ?? new CsvReader().push(`${beginning}\n`)[0];
  return first?.kind === "record" ? first.fields.map((name) => name?.trim() ?? "") : [];
}
