import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MergeWork } from "./merge-engine";
import { createProcessEngine } from "./process-engine";

const engine = createProcessEngine();
const never = new AbortController().signal;
let scratch: string;
let work: MergeWork;

beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-engine-"));
  const inputs = ["it's one.parquet", "two.parquet"].map((name) => path.join(scratch, name));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  for (const [index, file] of inputs.entries()) {
    const rows = `SELECT range * 2 + ${index} AS "the id", 'n' || range AS name FROM range(5000)`;
    await connection.run(`COPY (${rows}) TO '${file.replace("'", "''")}' (FORMAT parquet)`);
  }
  connection.closeSync();
  work = {
    ...{ inputs, output: path.join(scratch, "out.parquet"), compression: "zstd" },
    columns: [
      { name: "the id", type: "INT64" },
      { name: "name", type: "UTF8" },
    ],
    order: { kind: "sorted", columns: ["the id"] },
    ...{ rowGroupRows: 2_048, memoryBytes: 128 * 1024 * 1024 },
    ...{ spillDirectory: path.join(scratch, "spill"), spillBytesMax: 1024 * 1024 * 1024 },
  };
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the merging process", () => {
  it("merges files, and says how much memory that took", async () => {
    const { verdict, peakBytes } = await engine.merge(work, never);
    expect(verdict).toEqual({ kind: "merged", rows: 10_000 });
    expect(peakBytes).toBeGreaterThan(1024 * 1024);
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const result = await connection.runAndReadAll(
      `SELECT count(*), max("the id" - row_number) FROM (SELECT "the id", file_row_number AS row_number FROM read_parquet('${work.output}', file_row_number = true))`,
    );
    expect(result.getRowsJS()).toEqual([[10_000n, 0n]]);
    connection.closeSync();
  });

  it("names the file that is no Parquet, and a column that is not the dataset's", async () => {
    const broken = path.join(scratch, "broken.parquet");
    writeFileSync(broken, "PAR1 and nothing else PAR1");
    const { verdict } = await engine.merge({ ...work, inputs: [...work.inputs, broken] }, never);
    expect(verdict).toMatchObject({ kind: "input_broken", input: 2 });
    const columns = work.columns.slice(0, 1);
    const other = await engine.merge({ ...work, columns }, never);
    expect(other.verdict).toMatchObject({ kind: "input_broken" });
  });

  it("ends with an error when it cannot go on, and at once when nobody wants it any more", async () => {
    const nowhere = { ...work, output: path.join(scratch, "no such folder", "out.parquet") };
    await expect(engine.merge(nowhere, never)).rejects.toMatchObject({
      code: "merge.engine_failed",
    });
    const ended = new AbortController();
    const unwanted = engine.merge(work, ended.signal);
    ended.abort();
    await expect(unwanted).rejects.toMatchObject({ code: "merge.engine_failed" });
  });
});
