import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { datasetMutants } from "./datasets/dataset-mutants";
import { runDatasetSchedule } from "./datasets/dataset-schedule";
import { stagedAgainByTwo } from "./directed";
import { mutants } from "./mutants";
import { runSchedules, type ScheduleTotals } from "./run-schedules";
import { runSchedule } from "./schedule";

/**
 * `npm run simulate -- [--world channels|datasets] [--schedules 100000] [--seed 1] [--calm] [--directed]
 * [--mutant "no fence at decide"]`: both worlds unless one is named; the flags after the seed are of one
 * world each. Exits with 1 when a guarantee broke. A failing seed prints its trace, and the command that
 * replays it.
 */
const { values: flags } = parseArgs({
  options: {
    world: { type: "string" },
    schedules: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    calm: { type: "boolean", default: false },
    directed: { type: "boolean", default: false },
    mutant: { type: "string" },
  },
});
/** What is thrown here is expected, by the million: where it was thrown is of no use to anybody. */
Error.stackTraceLimit = 0;
const progressEvery = 1_000;

const worlds = {
  channels(seed: number) {
    const directed = flags.directed ? stagedAgainByTwo : undefined;
    return runSchedule(seed, { isCalm: flags.calm, mutant: mutantOf(mutants), directed });
  },
  datasets: (seed: number) => runDatasetSchedule(seed, { mutant: mutantOf(datasetMutants) }),
};
type WorldName = keyof typeof worlds;

for (const name of worldsNamed()) {
  const began = performance.now();
  const totals = await runSchedules({
    ...{ firstSeed: Number(flags.seed), schedules: Number(flags.schedules), failuresMax: 10 },
    run: worlds[name],
    onSchedule: ({ schedules }) => {
      if (schedules % progressEvery === 0) process.stderr.write(`${name} ${schedules}\n`);
    },
  });
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(`${summaryOf(name, totals, seconds).join("\n")}\n`);
  if (totals.failures.length > 0) process.exitCode = 1;
}

function worldsNamed(): WorldName[] {
  const { world } = flags;
  if (world === "channels" || world === "datasets") return [world];
  if (world !== undefined) throw new Error("Worlds are: channels, datasets");
  const isOfChannels = flags.calm || flags.directed || flags.mutant !== undefined;
  return isOfChannels ? ["channels"] : ["channels", "datasets"];
}

function mutantOf<Mutants extends object>(known: Mutants): keyof Mutants | undefined {
  const { mutant } = flags;
  if (mutant === undefined || mutant in known) return mutant as keyof Mutants | undefined;
  throw new Error(`Mutants are: ${Object.keys(known).join("; ")}`);
}

function summaryOf(name: WorldName, totals: ScheduleTotals, seconds: number): string[] {
  const { schedules, events, met, failures } = totals;
  const cpu = process.cpuUsage();
  const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;
  const count = (...names: string[]) => names.reduce((sum, one) => sum + (met.get(one) ?? 0), 0);
  const countOf = (start: string) =>
    count(...[...met.keys()].filter((what) => what.startsWith(start)));
  return [
    ...failures.map(({ message }) => message),
    ...[...met].sort().map(([what, times]) => `${String(times).padStart(10)} ${what}`),
    `${name}: schedules ${schedules}, first seed ${flags.seed}${flags.calm ? ", calm" : ""}`,
    `events ${events}, faults ${countOf("fault: ")}`,
    `crashes ${count("fault: crash", "fault: worker crashes", "fault: console crashes")}, stopped processes ${count("fault: stopped process")}`,
    `lost answers ${countOf("lost answer")}, lost requests ${countOf("lost request")}`,
    `late effects ${count("late request", "request of a dead worker")}`,
    `steals ${count("fault: stolen channel", "fault: ended lease", "fault: hold runs out")}`,
    `expiries ${count("fault: expired upload")}, restaged ${count("uploadsRestaged")}`,
    `${seconds.toFixed()} s, ${cpuSeconds.toFixed()} s of one core so far, load ${loadavg()[0]?.toFixed(1)}`,
    `failures ${failures.length}${failures.length > 0 ? `: seeds ${failures.map(({ seed }) => seed)}` : ""}`,
  ];
}
