import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type Installation, startInstallation } from "../delivery/installation";
import { type FileRun, runDuckdb, runFile } from "./files";
import { type FileFormat, type SampleFile, writeSample } from "./sample-files";
import { readPacks, runStream, type StreamRun } from "./stream";

/**
 * Rows into datasets and out of them, through the running console: files by upload and download sessions
 * beside DuckDB's own COPY of the same files, and packs by stream sessions:
 * `npm run bench:datasets -- [--only files,stream] [--rows 300000] [--seconds 15] [--clients 1,8,64]
 * [--windows 1000,100] [--save]`. Linux only: CPU comes from /proc.
 */
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "files,stream" },
    rows: { type: "string", default: "300000" },
    /** How long each stream run sends. */
    seconds: { type: "string", default: "15" },
    clients: { type: "string", default: "1,8,64" },
    windows: { type: "string", default: "1000,100" },
    save: { type: "boolean", default: false },
  },
});
const rows = Number(options.rows);
const seconds = Number(options.seconds);
const numbersOf = (list: string) => list.split(",").map(Number);

type Files = Record<FileFormat, SampleFile>;

async function measureFiles(
  at: Installation,
  duckdb: DuckDBConnection,
  directory: string,
  files: Files,
): Promise<FileRun[]> {
  const runs: FileRun[] = [];
  // The first one also loads the console's code, so it is done twice and told once.
  await runFile(at, { format: "csv", file: files.csv, rows }, "warm-up");
  for (const [format, file] of Object.entries(files) as [FileFormat, SampleFile][]) {
    runs.push(...(await runFile(at, { format, file, rows }, `files-${format}`)));
  }
  runs.push(...(await runDuckdb(duckdb, directory, files, rows)));
  console.log(`\n${rows.toLocaleString("en")} rows; load ${loadavg()[0]?.toFixed(1)}`);
  console.table(runs.map((run) => ({ ...run, fileMb: Math.round(run.fileMb) })));
  return runs;
}

async function measureStreams(at: Installation, files: Files): Promise<StreamRun[]> {
  const packs = await readPacks(files.ndjson.file);
  const runs: StreamRun[] = [];
  for (const windowMs of numbersOf(options.windows)) {
    for (const clients of numbersOf(options.clients)) {
      runs.push(await runStream(at, packs, { clients, windowMs, seconds }));
    }
  }
  console.log(`\nstreams of ${seconds} s; load ${loadavg()[0]?.toFixed(1)}`);
  console.table(runs);
  return runs;
}

function save(results: object): void {
  const model = cpus()[0]?.model ?? "unknown";
  const machine = `${model} ${availableParallelism()} cores node ${process.versions.node}`;
  const slug = machine.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const file = path.join(import.meta.dirname, "../results", `${slug}-datasets.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(file, `${JSON.stringify({ date, machine, rows, ...results }, null, 2)}\n`);
  console.log(`Saved ${path.relative(process.cwd(), file)}`);
}

const wanted = options.only.split(",");
const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-files-"));
const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
const at = await startInstallation();
try {
  const files = await writeSample(duckdb, directory, rows);
  const fileRuns = wanted.includes("files") ? await measureFiles(at, duckdb, directory, files) : [];
  const streamRuns = wanted.includes("stream") ? await measureStreams(at, files) : [];
  if (options.save) save({ files: fileRuns, streams: streamRuns });
} finally {
  await at.stop();
  duckdb.closeSync();
  rmSync(directory, { recursive: true, force: true });
}
