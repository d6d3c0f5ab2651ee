import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { MergeVerdict, MergeWork } from "./merge-engine";
import {
  duckdbTypeOf,
  orderRows,
  quoteText,
  readFiles,
  selectColumns,
  settleRanges,
  summarise,
  writeFile,
} from "./merge-sql";

/** Runs in a process of its own: DuckDB's memory, and what it does to the event loop, are not the worker's. */
export async function mergeFiles(work: MergeWork): Promise<MergeVerdict> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${Math.floor(work.memoryBytes / 1024)}KiB`,
    temp_directory: work.spillDirectory,
    max_temp_directory_size: `${Math.floor(work.spillBytesMax / 1024)}KiB`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    return await merge(connection, work);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function merge(connection: DuckDBConnection, work: MergeWork): Promise<MergeVerdict> {
  const { columns, order, inputs, output } = work;
  const described = await describeInputs(connection, inputs);
  if (!(described instanceof Map)) return described;
  const misfit = columns.find(
    ({ name, type }) => described.has(name) && described.get(name) !== duckdbTypeOf[type],
  );
  const known = new Set(columns.map(({ name }) => name));
  const stranger = [...described.keys()].find((name) => !known.has(name));
  const wrong = misfit?.name ?? stranger;
  if (wrong !== undefined) {
    return { kind: "input_broken", input: 0, reason: `column ${wrong} is not the dataset's` };
  }
  const present = new Set(described.keys());
  const originals = selectColumns(columns, present, readFiles(inputs));
  await connection.run(`CREATE TEMP VIEW originals AS ${originals}`);
  for (const statement of settleRanges(order, "originals")) await connection.run(statement);
  await connection.run(writeFile(orderRows(order, columns, "originals"), work));
  const copy = `read_parquet(${quoteText(output)}, hive_partitioning = false)`;
  const before = await readTexts(connection, summarise(columns, "originals"));
  const after = await readTexts(connection, summarise(columns, copy));
  const differing = ["rows", "sum", "xor"].find((name) => before[name] !== after[name]);
  if (differing !== undefined) return { kind: "copy_differs", what: differing };
  return { kind: "merged", rows: Number(before.rows) };
}

/** Columns and their types over all inputs, or which one cannot be read. */
async function describeInputs(
  connection: DuckDBConnection,
  inputs: readonly string[],
): Promise<Map<string, string> | Extract<MergeVerdict, { kind: "input_broken" }>> {
  try {
    return await describe(connection, inputs);
  } catch (thrown) {
    for (const [input, path] of inputs.entries()) {
      const reason = await describe(connection, [path]).then(() => null, messageOf);
      if (reason !== null) return { kind: "input_broken", input, reason };
    }
    return { kind: "input_broken", input: 0, reason: messageOf(thrown) };
  }
}

async function describe(
  connection: DuckDBConnection,
  paths: readonly string[],
): Promise<Map<string, string>> {
  const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${readFiles(paths)}`);
  return new Map(
    result.getRowObjects().map((row) => [String(row.column_name), String(row.column_type)]),
  );
}

/** Without the path: it is of a worker's disk, and people know objects by their keys. */
function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text
    .replaceAll(/'[^']*[/\\][^']*'/g, "the object")
    .replaceAll(/\s+/g, " ")
    .slice(0, 300);
}

async function readTexts(
  connection: DuckDBConnection,
  statement: string,
): Promise<Readonly<Record<string, string>>> {
  const [row] = (await connection.runAndReadAll(statement)).getRowObjects();
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]) => [name, String(value)]),
  );
}
