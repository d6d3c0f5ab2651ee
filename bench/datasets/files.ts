import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Installation } from "../delivery/installation";
import { createDataset, createSession } from "./dataset-calls";
import { duckdbOptions, type FileFormat, type SampleFile, selectFrom } from "./sample-files";

const contentTypes: Readonly<Record<FileFormat, string>> = {
  parquet: "application/vnd.apache.parquet",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
};

export type FileRun = {
  readonly what: string;
  readonly fileMb: number;
  readonly mbPerSecond: number;
  /** Of the console's process, or of DuckDB's own. */
  readonly rowsPerCpuSecond: number;
};

/** One file up, as one block and its commit, until everybody sees it; and down again. */
export async function runFile(
  at: Installation,
  { format, file, rows }: { format: FileFormat; file: SampleFile; rows: number },
  name: string,
): Promise<FileRun[]> {
  await createDataset(at, name);
  const upload = await measure(at, `upload ${format}`, file.bytes, rows, async () => {
    const id = await createSession(at, name, "upload");
    const where = `datasets/${name}/upload-sessions/${id}`;
    const body = Readable.toWeb(createReadStream(file.file)) as ReadableStream<Uint8Array>;
    const written = await at.send("PUT", `${where}/blocks/0`, contentTypes[format], body);
    if (!written.ok) throw new Error(await written.text());
    await at.call("POST", `${where}/commit`, { blocks: [0] });
    return file.bytes;
  });
  const download = await measure(at, `download ${format}`, file.bytes, rows, async () => {
    const id = await createSession(at, name, "download");
    const answer = await at.get(`datasets/${name}/download-sessions/${id}/rows?format=${format}`);
    let bytes = 0;
    for await (const piece of answer.body ?? []) bytes += piece.byteLength;
    return bytes;
  });
  return [upload, download];
}

async function measure(
  at: Installation,
  what: string,
  bytes: number,
  rows: number,
  work: () => Promise<number>,
): Promise<FileRun> {
  const cpuBefore = at.usage().console?.cpuSeconds ?? 0;
  const began = performance.now();
  const moved = await work();
  const seconds = (performance.now() - began) / 1_000;
  const cpuSeconds = (at.usage().console?.cpuSeconds ?? 0) - cpuBefore;
  // Parquet comes compressed; everything else is as long as it was.
  if (moved < bytes / 10) throw new Error(`${what}: only ${moved} bytes came`);
  return runOf(what, moved, rows, seconds, cpuSeconds);
}

/** What DuckDB makes of the same files on one thread: Parquet of them, and them of Parquet. */
export async function runDuckdb(
  duckdb: DuckDBConnection,
  directory: string,
  files: Readonly<Record<FileFormat, SampleFile>>,
  rows: number,
): Promise<FileRun[]> {
  await duckdb.run("SET threads = 1");
  const runs: FileRun[] = [];
  for (const [format, { file, bytes }] of Object.entries(files) as [FileFormat, SampleFile][]) {
    const select = selectFrom(format, file);
    const parquet = path.join(directory, `duckdb-${format}.parquet`);
    const back = path.join(directory, `duckdb-back.${format}`);
    const to = `COPY (${select}) TO '${parquet}' (${duckdbOptions.parquet})`;
    const from = `COPY (${selectFrom("parquet", parquet)}) TO '${back}' (${duckdbOptions[format]})`;
    runs.push(await copy(duckdb, `DuckDB: ${format} → Parquet`, to, { bytes, rows }));
    const measured = await copy(duckdb, `DuckDB: Parquet → ${format}`, from, { bytes, rows });
    runs.push({ ...measured, fileMb: statSync(back).size / 1e6 });
  }
  return runs;
}

async function copy(
  duckdb: DuckDBConnection,
  what: string,
  statement: string,
  { bytes, rows }: { readonly bytes: number; readonly rows: number },
): Promise<FileRun> {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  await duckdb.run(statement);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return runOf(what, bytes, rows, seconds, (user + system) / 1e6);
}

function runOf(
  what: string,
  bytes: number,
  rows: number,
  seconds: number,
  cpuSeconds: number,
): FileRun {
  return {
    what,
    fileMb: bytes / 1e6,
    mbPerSecond: Number((bytes / 1e6 / seconds).toFixed(1)),
    rowsPerCpuSecond: Math.round(rows / cpuSeconds),
  };
}
