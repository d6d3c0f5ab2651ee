import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { describeReport } from "./describe-report";
import { isFlaw, flaws as knownFlaws } from "./flaws";
import { runChaos } from "./run-chaos";

/**
 * `npm run chaos -- [--minutes 10] [--seed N] [--flaw NAME]`: exits with 1 when anything was lost,
 * doubled or wrong, which it has to be where the world has a flaw (flaws.ts).
 */
const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    flaw: { type: "string", multiple: true, default: [] },
  },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(options.minutes);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new RangeError("--minutes and --seed are numbers");
const flaws = options.flaw.filter(isFlaw);
if (flaws.length < options.flaw.length)
  throw new RangeError(`--flaw is one of ${Object.keys(knownFlaws).join(", ")}`);
const directory = await mkdtemp(path.join(tmpdir(), "culvert-chaos-"));
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`seed ${seed}, ${minutes} min, data in ${directory}`);
const durationMs = minutes * 60_000;
const report = await runChaos({ directory, seed, durationMs, flaws, onProgress: say });
say(describeReport(report));
say(`load ${loadavg()[0]?.toFixed(1)}`);
if (report.findings.length === 0) {
  await rm(directory, { recursive: true, force: true });
} else {
  say(`kept: ${directory}`);
  process.exitCode = 1;
}
