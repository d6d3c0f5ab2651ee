import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { DatasetColumn } from "@/lib/core/dataset";
import { describeProgram, pythonRecipe } from "@/lib/platform/testing/provide-program";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { StagedObject } from "../stage-rows";
import { readParquetRows } from "./read-parquet-rows";

const recipe = pythonRecipe({
  name: "Apache Arrow's Python writer",
  slug: "pyarrow-uploads",
  from: fileURLToPath(new URL("interop", import.meta.url)),
  script: "write_files.py",
});

const columns: readonly DatasetColumn[] = [
  { name: "id", type: "INT64" },
  { name: "whole", type: "INT64" },
  { name: "real", type: "DOUBLE" },
  { name: "note", type: "UTF8" },
  { name: "seen", type: "BOOLEAN" },
  { name: "raw", type: "BINARY" },
];

/** What an upload makes of a file, as a reader of the bucket gets it. */
async function convert(bytes: Uint8Array): Promise<Uint8Array> {
  const store = new InMemoryObjectStore();
  const done = async () => undefined;
  const staging = new StagedObject({
    ...{ store, objectId: "object", key: "object", columns, compression: "zstd" },
    log: { begun: done, created: done, forgotten: done },
  });
  const file = {
    byteLength: bytes.byteLength,
    // Not of a Buffer, whose slices share their memory.
    slice: (start: number, end?: number) => new Uint8Array(bytes).slice(start, end).buffer,
  };
  await readParquetRows(file, staging);
  const { key, uploadId, parts } = await staging.finish();
  await store.completeUpload({ key, uploadId: uploadId ?? "", parts });
  return (await store.read(key)) ?? new Uint8Array();
}

await describeProgram(recipe, "Parquet of Apache Arrow (pyarrow), uploaded,", (program) => {
  let folder: string;
  let duckdb: DuckDBConnection;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "culvert-pyarrow-uploads-"));
    duckdb = await (await DuckDBInstance.create(":memory:")).connect();
    await promisify(execFile)(program.command, [...program.args, folder]);
  });
  afterAll(async () => {
    duckdb.closeSync();
    await rm(folder, { recursive: true });
  });

  it("reads back equal through DuckDB, whatever its codec, pages and encodings", async () => {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".parquet"));
    expect(files.length).toBe(22);
    for (const file of files) {
      const made = path.join(folder, `${file}.converted`);
      await writeFile(made, await convert(await readFile(path.join(folder, file))));
      // As text: NaN equals itself there, and -0.0 is not 0.0.
      const select = (from: string, names: string) =>
        `SELECT ${names} FROM read_parquet('${from}')`;
      const given = "id::BIGINT AS id, whole::BIGINT AS whole, real::DOUBLE::VARCHAR AS real, note";
      const more = file === "narrow.parquet" ? "" : ", seen, raw";
      const one = select(path.join(folder, file), given + more);
      const other = select(made, given + more);
      const difference = await duckdb.runAndReadAll(
        `(${one} EXCEPT ALL ${other}) UNION ALL (${other} EXCEPT ALL ${one})`,
      );
      expect([file, difference.getRows().length]).toEqual([file, 0]);
      const count = await duckdb.runAndReadAll(select(made, "count(*)"));
      expect([file, count.getRows()]).toEqual([file, [[5_000n]]]);
    }
  });
});
