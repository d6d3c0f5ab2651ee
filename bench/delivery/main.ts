import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Run, runFull, runIncremental, runPartitions, runPolled, runTasks } from "./backlogs";
import { type DecideRate, measureDecides } from "./decide";
import { type Installation, startInstallation } from "./installation";
import { type Latency, measureFirstObject, runLatency } from "./latency";
import { measurePrice, type PricedStep } from "./price";

/**
 * Tunnel → bucket with the real processes, each scenario in a new installation:
 * `npm run bench:delivery -- [--only full,incremental,partitions,tasks,polls,price,latency,default-flush]
 * [--rows 1000000] [--workers 1,2] [--seconds 60] [--save]`. Linux only: CPU and memory come from /proc.
 */
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "full,incremental,partitions,tasks,polls,price,latency" },
    rows: { type: "string", default: "1000000" },
    workers: { type: "string", default: "1,2" },
    /** How long each latency run writes; at the default flush it takes at least three of them. */
    seconds: { type: "string", default: "60" },
    save: { type: "boolean", default: false },
  },
});
const rows = Number(options.rows);
const workerCounts = options.workers.split(",").map(Number);
const seconds = Number(options.seconds);
const rowsPerSecond = 5_000;
const partitions = 500;
const defaultFlushSeconds = 120;
/** Tasks, and channels of each: 10 to 1,024 channels in all, 1 to 200 tasks. */
const spreads = [
  [1, 10],
  [16, 64],
  [200, 2],
] as const;
const pollsPerMinute = 10_000;
/** Each once quiet and once polled: the first warms everything up, and does not count. */
const pollRounds = 4;

async function withInstallation<T>(
  workers: number,
  work: (at: Installation) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const at = await startInstallation({ CULVERT_DELIVERY_WORKERS: String(workers), ...settings });
  try {
    return await work(at);
  } finally {
    await at.stop();
  }
}

const describeWorkers = (count: number) => (count === 1 ? "1 worker" : `${count} workers`);

async function measureBacklogs(): Promise<Run[]> {
  const runs: Run[] = [];
  const scenarios = { full: runFull, incremental: runIncremental } as const;
  for (const [scenario, run] of Object.entries(scenarios)) {
    if (!isWanted(scenario)) continue;
    for (const workers of workerCounts) {
      const what = `${scenario}, ${describeWorkers(workers)}`;
      runs.push(await withInstallation(workers, (at) => run(at, rows, what)));
      show(runs.slice(-1));
    }
  }
  if (isWanted("partitions")) {
    runs.push(await withInstallation(1, (at) => runPartitions(at, rows, partitions)));
    show(runs.slice(-1));
  }
  for (const [tasks, channels] of isWanted("tasks") ? spreads : []) {
    const settings = { TABLESTORE_CHANNELS: String(channels) };
    runs.push(await withInstallation(1, (at) => runTasks(at, rows, tasks), settings));
    show(runs.slice(-1));
  }
  if (isWanted("polls")) {
    await withInstallation(1, async (at) => {
      for (let round = 1; round <= pollRounds; round++) {
        for (const polls of [0, pollsPerMinute]) {
          runs.push(await runPolled(at, rows, { pollsPerMinute: polls, round }));
          show(runs.slice(-1));
        }
      }
    });
    showPolls(runs.filter(({ pollsAnswered }) => pollsAnswered !== undefined));
  }
  return runs;
}

type Price = { readonly decides: DecideRate[]; readonly steps: PricedStep[] };

/** What exactly once costs: how many decisions there can be, and what one object takes. */
async function measurePrices(): Promise<Price> {
  const rates: DecideRate[] = [];
  for (const channels of [1, 8, 64]) rates.push(await measureDecides(channels, 4_000 / channels));
  console.log("\ndecide, on a PostgreSQL of its own with its usual durability");
  console.table(rates);
  const steps = await measurePrice();
  console.log("\nan object of 1 MB, step by step, beside a bare PUT of it");
  console.table(steps);
  return { decides: rates, steps };
}

async function measureLatencies(): Promise<{ firstObjectMs: number; latencies: Latency[] }> {
  return withInstallation(1, async (at) => {
    const firstObjectMs = await measureFirstObject(at);
    console.log(`created → first object visible: ${Math.round(firstObjectMs)} ms`);
    const latencies = [await runLatency(at, { rowsPerSecond, seconds, flushSeconds: 5 })];
    const longer = Math.max(seconds, 3 * defaultFlushSeconds);
    if (isWanted("default-flush")) {
      latencies.push(await runLatency(at, { rowsPerSecond, seconds: longer }));
    }
    console.table(latencies.map(({ slowestHundredthMs: tail, ...rest }) => ({ ...rest, ...tail })));
    return { firstObjectMs, latencies };
  });
}

function isWanted(scenario: string): boolean {
  return options.only.split(",").includes(scenario);
}

function show(runs: readonly Run[]): void {
  for (const { what, rows, seconds, objects, cpuSeconds, peakMb } of runs) {
    const perCpuSecond = rows / (cpuSeconds.delivery ?? Number.NaN);
    console.log(
      `\n${what}: ${rows.toLocaleString("en")} rows in ${seconds.toFixed(1)} s, ${objects} objects, ` +
        `${thousands(rows / seconds)} rows/s, ${thousands(perCpuSecond)} rows per CPU second of delivery; load ${loadavg()[0]?.toFixed(1)}`,
    );
    console.table(
      Object.fromEntries(
        Object.entries(cpuSeconds).map(([part, spent]) => [
          part,
          {
            "CPU s per million rows": Number(((spent / rows) * 1e6).toFixed(2)),
            "peak MB": Math.round(peakMb[part] ?? 0),
          },
        ]),
      ),
    );
  }
}

/** What people who look cost: throughput, and CPU of console and PostgreSQL. */
function showPolls(runs: readonly Run[]): void {
  const counted = runs.slice(2);
  const polled = counted.filter(({ pollsAnswered = 0 }) => pollsAnswered > 0);
  const quiet = counted.filter(({ pollsAnswered }) => pollsAnswered === 0);
  const median = (figures: number[]) => figures.sort((a, b) => a - b)[figures.length >> 1] ?? 0;
  const rate = (of: readonly Run[]) => median(of.map(({ rows, seconds }) => rows / seconds));
  const cpuMs = (part: string) => {
    const spent = (of: readonly Run[]) =>
      median(of.map(({ cpuSeconds, seconds }) => (cpuSeconds[part] ?? 0) / seconds));
    const each = median(polled.map(({ pollsAnswered = 0, seconds }) => pollsAnswered / seconds));
    return (((spent(polled) - spent(quiet)) * 1_000) / each).toFixed(2);
  };
  const answered = polled.map(({ pollsAnswered = 0, seconds }) => (pollsAnswered / seconds) * 60);
  console.log(
    `\nthroughput polled to quiet: ${(rate(polled) / rate(quiet)).toFixed(3)} (medians of ${polled.length}); ` +
      `${Math.round(median(answered))} polls a minute answered, ` +
      `${cpuMs("console")} ms of console and ${cpuMs("postgres")} ms of PostgreSQL each`,
  );
}

const thousands = (value: number) => `${Math.round(value / 1000)} k`;

const runs = await measureBacklogs();
const price = isWanted("price") ? await measurePrices() : null;
const latency = isWanted("latency") ? await measureLatencies() : null;
if (options.save) {
  const model = cpus()[0]?.model ?? "unknown";
  const machine = `${model} ${availableParallelism()} cores node ${process.versions.node}`;
  const slug = machine.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const file = path.join(import.meta.dirname, "../results", `${slug}-delivery.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    file,
    `${JSON.stringify({ date, machine, runs, ...price, ...latency }, null, 2)}\n`,
  );
  console.log(`Saved ${path.relative(process.cwd(), file)}`);
}
