import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Compression } from "@/lib/core/schema-mapping";
import type { Contender } from "./contender";
import { contenders } from "./contenders/all";
import { type Measurement, type Summary, summarise } from "./measurement";
import { writePageFile } from "./page-file";
import { samplePages } from "./sample-records";

/**
 * Wire bytes → Parquet bytes, everybody on one core and in a process of their own, rounds interleaved.
 * `npm run bench -- [--quick] [--save] [--rounds 5] [--compression snappy] [--only "culvert,DuckDB COPY"]`
 */
const here = path.dirname(fileURLToPath(import.meta.url));
const rowGroupRows = 100_000;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    rounds: { type: "string" },
    rows: { type: "string" },
    compression: { type: "string", default: "uncompressed" },
    only: { type: "string" },
  },
});
const compression = options.compression as Compression;
const rows = Number(options.rows ?? (options.quick ? 100_000 : 1_000_000));
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const only = options.only?.split(",");
const chosen = contenders.filter(
  ({ name, compressions }) =>
    compressions.includes(compression) && (only === undefined || only.includes(name)),
);
const pinning =
  spawnSync("taskset", ["-c", "0", "true"]).status === 0 ? ["taskset", "-c", "0"] : [];

function runContender(contender: Contender, file: string): Measurement {
  const settings = JSON.stringify({ compression, rowGroupRows });
  const command = [
    ...pinning,
    process.execPath,
    "--expose-gc",
    "--import",
    "tsx",
    path.join(here, "measure.ts"),
    contender.name,
    file,
    settings,
  ];
  const [program = "", ...rest] = command;
  const run = spawnSync(program, rest, { encoding: "utf8", maxBuffer: 1 << 20 });
  if (run.status !== 0) throw new Error(`${contender.name} failed: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

function printTable(summaries: readonly Summary[], bytesIn: number): void {
  const ours = summaries.find(({ contender }) => contender === "culvert");
  console.log(
    `\n${rows.toLocaleString("en")} rows of 10 columns, ${(bytesIn / 1e6).toFixed(0)} MB in, ${compression}, ` +
      `PLAIN, ${pinning.length > 0 ? "one core" : "not pinned"}; medians`,
  );
  console.table(
    Object.fromEntries(
      summaries.map((one) => [
        one.contender,
        {
          rounds: one.rounds,
          ms: Math.round(one.ms),
          "CPU ms": Math.round(one.cpuMs),
          "krows/s": Math.round(rows / one.ms),
          "krows/CPU s": Math.round(rows / one.cpuMs),
          "MB/s in": Math.round(bytesIn / 1000 / one.cpuMs),
          "x culvert": ours ? Number((one.cpuMs / ours.cpuMs).toFixed(2)) : null,
          "peak MB": Math.round(one.peakMb),
          "(over idle)": Math.round(one.peakMb - one.idleMb),
          "out MB": Number((one.bytesOut / 1e6).toFixed(1)),
          "longest call ms": Number(one.longestCallMs.toFixed(1)),
        },
      ]),
    ),
  );
}

/** By processor time, as the ratios are: the machine may be busy with other things. */
function withRates(one: Summary, bytesIn: number) {
  return {
    ...one,
    rowsPerCpuSecond: Math.round((rows / one.cpuMs) * 1000),
    megabytesInPerCpuSecond: Math.round(bytesIn / 1000 / one.cpuMs),
  };
}

function save(summaries: readonly Summary[], bytesIn: number): void {
  const model = cpus()[0]?.model ?? "unknown";
  const kind = `${model} ${availableParallelism()} cores node ${process.versions.node}`;
  const slug = kind.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const directory = path.join(here, "results");
  mkdirSync(directory, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const setting = { rows, bytesIn, compression, rowGroupRows };
  const result = {
    date,
    machine: kind,
    ...setting,
    summaries: summaries.map((one) => withRates(one, bytesIn)),
  };
  const file = path.join(directory, `${slug}-${compression}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`Saved ${path.relative(process.cwd(), file)}`);
}

const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-"));
try {
  const file = path.join(directory, "pages");
  const bytesIn = writePageFile(file, samplePages(rows));
  const measurements: Measurement[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const contender of chosen) {
      if (contender.isSlow && round > 0) continue;
      const measured = runContender(contender, file);
      measurements.push(measured);
      console.log(
        `round ${round + 1}  ${contender.name}: ${Math.round(measured.ms)} ms, ${Math.round(measured.cpuMs)} CPU ms`,
      );
    }
  }
  const summaries = summarise(measurements);
  printTable(summaries, bytesIn);
  if (options.save) save(summaries, bytesIn);
} finally {
  rmSync(directory, { recursive: true });
}
