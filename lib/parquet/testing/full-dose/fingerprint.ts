import type { ParquetType } from "@/lib/core/schema-mapping";
import type { ParquetColumn } from "../../parquet-writer";
import type { Cell } from "../sample-table";

/**
 * What every reader has to say of a column, small enough for ten million rows: how many values it
 * has, the least and the greatest, and a sum in which each value counts by the row it stands in, so
 * that rows cannot be mixed up unseen. All of it is exact in 64-bit integers; doubles are quarters, and
 * texts hold nothing that sorts otherwise by bytes than by UTF-16.
 */
export const orderColumn = "seq";
const weights = 1009;
const modulus = 9973n;

/** SQL as DuckDB and Spark both read it; one text a figure, column after column. */
export function expressionsOf(columns: readonly ParquetColumn[], dialect: "duckdb" | "spark") {
  const quote = dialect === "spark" ? "`" : '"';
  const weight = `(${quote}${orderColumn}${quote} % ${weights} + 1)`;
  return columns.flatMap(({ name, type }) => {
    const cell = `${quote}${name}${quote}`;
    const sum = `CAST(SUM(${weight} * ${measureSql(type, cell, dialect)}) AS STRING)`;
    const bounds = hasBounds(type) ? [`MIN(${cell})`, `MAX(${cell})`] : [];
    return [`COUNT(${cell})`, sum, ...bounds.map((bound) => boundSql(type, bound, dialect))];
  });
}

function measureSql(type: ParquetType, cell: string, dialect: "duckdb" | "spark"): string {
  const bytes = type === "UTF8" && dialect === "duckdb" ? "strlen" : "octet_length";
  if (type === "BOOLEAN") return `CASE WHEN ${cell} THEN 1 WHEN NOT ${cell} THEN 0 END`;
  if (type === "INT64") return `(${cell} % ${modulus})`;
  if (type === "DOUBLE") return `CAST(${cell} * 4 AS BIGINT)`;
  return `${bytes}(${cell})`;
}

function boundSql(type: ParquetType, bound: string, dialect: "duckdb" | "spark"): string {
  if (type === "DOUBLE") return `CAST(CAST(${bound} * 4 AS BIGINT) AS STRING)`;
  if (type === "INT64") return `CAST(${bound} AS STRING)`;
  return dialect === "spark" ? `${bound}` : `CAST(${bound} AS VARCHAR)`;
}

/** Binary has no order that all readers share. */
const hasBounds = (type: ParquetType) => type !== "BOOLEAN" && type !== "BINARY";

type Figures = { count: bigint; sum: bigint; least: Cell; greatest: Cell };

/** The same figures, cell by cell. */
export class Fingerprint {
  readonly #columns: readonly ParquetColumn[];
  readonly #figures: readonly Figures[];

  constructor(columns: readonly ParquetColumn[]) {
    this.#columns = columns;
    this.#figures = columns.map(() => ({ count: 0n, sum: 0n, least: null, greatest: null }));
  }

  add(column: number, row: number, cell: Cell): void {
    const figures = this.#figures[column];
    if (cell === null || figures === undefined) return;
    figures.count++;
    figures.sum += BigInt((row % weights) + 1) * measure(cell);
    if (figures.least === null || cell < figures.least) figures.least = cell;
    if (figures.greatest === null || figures.greatest < cell) figures.greatest = cell;
  }

  /** In the order of `expressionsOf`. */
  texts(): string[] {
    return this.#figures.flatMap(({ count, sum, least, greatest }, column) => {
      const type = this.#columns[column]?.type ?? "BINARY";
      const bounds = hasBounds(type) ? [boundText(least), boundText(greatest)] : [];
      return [String(count), count === 0n ? "null" : String(sum), ...bounds];
    });
  }
}

function measure(cell: Exclude<Cell, null>): bigint {
  if (typeof cell === "bigint") return cell % modulus;
  if (typeof cell === "boolean") return cell ? 1n : 0n;
  if (typeof cell === "number") return BigInt(cell * 4);
  return BigInt(typeof cell === "string" ? Buffer.byteLength(cell) : cell.length);
}

function boundText(cell: Cell): string {
  if (cell === null) return "null";
  return String(typeof cell === "number" ? cell * 4 : cell);
}
