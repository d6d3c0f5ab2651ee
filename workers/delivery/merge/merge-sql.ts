import type { DatasetColumn } from "@/lib/core/dataset";
import type { MergeOrder } from "@/lib/core/merge-settings";
import type { Compression, ParquetType } from "@/lib/core/schema-mapping";

/** DuckDB's types, by what a Parquet file of ours has. */
export const duckdbTypeOf: Readonly<Record<ParquetType, string>> = {
  BOOLEAN: "BOOLEAN",
  INT64: "BIGINT",
  DOUBLE: "DOUBLE",
  UTF8: "VARCHAR",
  BINARY: "BLOB",
};

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Folders named name=value above a file are none of its columns. */
export function readFiles(paths: readonly string[]): string {
  const list = paths.map(quoteText).join(", ");
  return `read_parquet([${list}], union_by_name = true, hive_partitioning = false)`;
}

/** The rows of the files with the dataset's columns, whatever version each file is of. */
export function selectColumns(
  columns: readonly DatasetColumn[],
  present: ReadonlySet<string>,
  from: string,
): string {
  const list = columns.map(({ name, type }) =>
    present.has(name)
      ? quoteName(name)
      : `CAST(NULL AS ${duckdbTypeOf[type]}) AS ${quoteName(name)}`,
  );
  return `SELECT ${list.join(", ")} FROM ${from}`;
}

/**
 * Three texts that are the same for the same rows in any order. Hashing takes -0 for 0 and all NaN for
 * one, so a double's sign goes in beside it.
 */
export function summarise(columns: readonly DatasetColumn[], from: string): string {
  const values = columns.flatMap(({ name, type }) => {
    const column = quoteName(name);
    return type === "DOUBLE" ? [column, `signbit(${column})`] : [column];
  });
  const hash = `hash(${values.join(", ")})`;
  return `SELECT count(*)::VARCHAR AS rows, sum(${hash})::VARCHAR AS sum, bit_xor(${hash})::VARCHAR AS xor FROM ${from}`;
}

/** Of each z-ordered column so many bits count: 256 ranges with about as many rows in each. */
const zBits = 8;
const zRanges = 2 ** zBits;
const zSampleRows = 50_000;

/** Run before `orderRows`: settles where the ranges of each z-ordered column begin, by a sample. */
export function settleRanges({ kind, columns }: MergeOrder, from: string): string[] {
  if (kind !== "zordered") return [];
  const shares = Array.from({ length: zRanges - 1 }, (_, at) => (at + 1) / zRanges).join(", ");
  return columns.map((name, index) => {
    const column = quoteName(name);
    const sample = `SELECT ${column} AS v FROM (SELECT ${column} FROM ${from} WHERE ${column} IS NOT NULL) USING SAMPLE reservoir(${zSampleRows} ROWS) REPEATABLE (1)`;
    return `SET VARIABLE ranges_${index} = (SELECT quantile_disc(v, [${shares}]) FROM (${sample}))`;
  });
}

/** The number of the range that a value lies in; nulls are in the last. */
function rangeOf(column: string, index: number, low = 0, high = zRanges - 1): string {
  if (low === high) return String(low);
  const middle = Math.ceil((low + high) / 2);
  const begin = `getvariable('ranges_${index}')[${middle}]`;
  const below = rangeOf(column, index, low, middle - 1);
  return `CASE WHEN ${column} < ${begin} THEN ${below} ELSE ${rangeOf(column, index, middle, high)} END`;
}

/**
 * What rows are sorted by. DuckDB gives a column that it sorts by back from its sort key, where -0 is 0;
 * a sum is sorted by in its place, and the column stays what it was.
 */
function sortKeys(names: readonly string[], columns: readonly DatasetColumn[]): string {
  const doubles = new Set(columns.flatMap(({ name, type }) => (type === "DOUBLE" ? [name] : [])));
  const keys = names.map((name) =>
    doubles.has(name) ? `${quoteName(name)} + 0` : quoteName(name),
  );
  return keys.map((key) => `${key} NULLS LAST`).join(", ");
}

/** The rows in the order that was asked for; without one, as they come. */
export function orderRows(
  order: MergeOrder,
  columns: readonly DatasetColumn[],
  from: string,
): string {
  const all = columns.map(({ name }) => quoteName(name)).join(", ");
  const names = order.columns.map(quoteName);
  const ties = sortKeys(order.columns, columns);
  switch (order.kind) {
    case "none":
      return `SELECT ${all} FROM ${from}`;
    case "sorted":
      return `SELECT ${all} FROM ${from} ORDER BY ${ties}`;
    case "zordered": {
      const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
      const ranges = names.map((name, index) => {
        const alias = quoteName(freeName(`range_${index}`, taken));
        return { alias, select: `(${rangeOf(name, index)})::UBIGINT AS ${alias}` };
      });
      const inner = `SELECT ${all}, ${ranges.map(({ select }) => select).join(", ")} FROM ${from}`;
      const interleaved = interleave(ranges.map(({ alias }) => alias));
      return `SELECT ${all} FROM (${inner}) ORDER BY ${interleaved}, ${ties}`;
    }
  }
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  while (taken.has(name)) name += "_";
  return name;
}

/** Z-order: the bits of all in turn, the highest first. */
function interleave(names: readonly string[]): string {
  const bits = names.flatMap((name, index) =>
    Array.from({ length: zBits }, (_, bit) => {
      const place = bit * names.length + (names.length - 1 - index);
      return `(((${name} >> ${bit}) & 1) << ${place})`;
    }),
  );
  return `(${bits.join(" | ")})`;
}

/** Without a dictionary: DuckDB's loses the sign of -0. */
export function writeFile(
  select: string,
  {
    output,
    rowGroupRows,
    compression,
  }: {
    readonly output: string;
    readonly rowGroupRows: number;
    readonly compression: Compression;
  },
): string {
  const options = `FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${rowGroupRows}, DICTIONARY_SIZE_LIMIT 0, PARQUET_VERSION v1`;
  return `COPY (${select}) TO ${quoteText(output)} (${options})`;
}
