import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { stagedAgainByTwo } from "./directed";
import { type Mutant, mutants } from "./mutants";
import { runSchedules, type ScheduleTotals } from "./run-schedules";

/**
 * `npm run simulate -- [--schedules 100000] [--seed 1] [--calm] [--directed] [--mutant "no fence at decide"]`:
 * exits with 1 when a guarantee broke. A failing seed prints its trace, and the command that replays it.
 */
const { values: flags } = parseArgs({
  options: {
    schedules: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    calm: { type: "boolean", default: false },
    directed: { type: "boolean", default: false },
    mutant: { type: "string" },
  },
});
/** What is thrown here is expected, by the million: where it was thrown is of no use to anybody. */
Error.stackTraceLimit = 0;
const began = performance.now();
const progressEvery = 1_000;
const totals = await runSchedules({
  firstSeed: Number(flags.seed),
  schedules: Number(flags.schedules),
  failuresMax: 10,
  options: {
    isCalm: flags.calm,
    mutant: mutantNamed(flags.mutant),
    directed: flags.directed ? stagedAgainByTwo : undefined,
  },
  onSchedule: ({ schedules }) => {
    if (schedules % progressEvery === 0) process.stderr.write(`${schedules}\n`);
  },
});
process.stdout.write(`${summaryOf(totals).join("\n")}\n`);
if (totals.failures.length > 0) process.exitCode = 1;

function mutantNamed(name: string | undefined): Mutant | undefined {
  if (name === undefined || name in mutants) return name as Mutant | undefined;
  throw new Error(`Mutants are: ${Object.keys(mutants).join("; ")}`);
}

function summaryOf({ schedules, events, met, failures }: ScheduleTotals): string[] {
  const seconds = (performance.now() - began) / 1_000;
  const cpu = process.cpuUsage();
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;
  const count = (...names: string[]) => names.reduce((sum, one) => sum + (met.get(one) ?? 0), 0);
  return [
    ...failures.map(({ message }) => message),
    ...[...met].sort().map(([what, times]) => `${String(times).padStart(10)} ${what}`),
    `schedules ${schedules}, first seed ${flags.seed}${flags.calm ? ", calm" : ""}`,
    `events ${events}`,
    `crashes ${count("fault: crash")}, stopped processes ${count("fault: stopped process")}`,
    `lost answers ${count("lost answer")}, lost requests ${count("lost request")}`,
    `late effects ${count("late request", "request of a dead worker")}`,
    `steals ${count("fault: stolen channel", "fault: ended lease")}`,
    `expiries ${count("fault: expired upload")}, restaged ${count("uploadsRestaged")}`,
    `${seconds.toFixed()} s, ${cpuSeconds.toFixed()} s of one core, load ${loadavg()[0]?.toFixed(1)}`,
    `failures ${failures.length}${failures.length > 0 ? `: seeds ${failures.map(({ seed }) => seed)}` : ""}`,
  ];
}
