import { spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Program, provideProgram, pythonRecipe } from "@/lib/platform/testing/provide-program";
import { dosesOf, writeDose } from "./dose";
import { expressionsOf } from "./fingerprint";
import { type DoseReader, readWithArrow, readWithDuckDb, readWithHyparquet } from "./readers";

/**
 * Ten million rows, every encoding and compression, 1,024 columns, one row and none, read back by
 * DuckDB, hyparquet, arrow-rs and Spark: `npm run readers -- [--rows 10000000] [--without spark]`.
 * Spark comes from PyPI and needs Java 17 and Python 3. Ends with 1 when a reader disagrees.
 */
const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    without: { type: "string", default: "" },
  },
});

const recipe = pythonRecipe({
  name: "Spark",
  slug: "spark",
  from: fileURLToPath(new URL("../../interop/spark", import.meta.url)),
  script: "aggregate.py",
});

async function startSpark(): Promise<{ read: DoseReader; close: () => void }> {
  const provided = await provideProgram(recipe);
  if (provided.kind === "out_of_reach") throw new Error(provided.sentence);
  const { command, args }: Program = provided.program;
  const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async read(file, columns) {
      const expressions = expressionsOf(columns, "spark");
      child.stdin.write(`${JSON.stringify({ file, expressions })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("Spark ended");
      return JSON.parse(value) as string[];
    },
    close: () => child.stdin.end(),
  };
}

const directory = await mkdtemp(path.join(tmpdir(), "culvert-readers-"));
const without = options.without.split(",");
const spark = without.includes("spark") ? null : await startSpark();
const readers: Record<string, DoseReader> = {
  DuckDB: readWithDuckDb,
  "arrow-rs": readWithArrow,
  hyparquet: readWithHyparquet,
  ...(spark && { Spark: spark.read }),
};
const table: Record<string, unknown>[] = [];
let disagreements = 0;
try {
  for (const dose of dosesOf(Number(options.rows))) {
    const file = path.join(directory, "dose.parquet");
    const expected = await writeDose(dose, file);
    const { size } = await stat(file);
    const line: Record<string, unknown> = {
      ...{ dose: dose.name, compression: dose.compression, rows: dose.rows },
      ...{ columns: dose.columns.length, MB: Math.round(size / 1e6) },
    };
    for (const [name, read] of Object.entries(readers)) {
      const found = await read(file, dose.columns);
      const wrong = expected.filter((figure, at) => figure !== found[at]).length;
      if (wrong > 0) disagreements++;
      line[name] = wrong === 0 ? "agrees" : `${wrong} of ${expected.length} figures differ`;
    }
    table.push(line);
    console.log(JSON.stringify(line));
    await rm(file);
  }
} finally {
  spark?.close();
  await rm(directory, { recursive: true, force: true });
}
console.table(table);
process.exitCode = disagreements === 0 ? 0 : 1;
