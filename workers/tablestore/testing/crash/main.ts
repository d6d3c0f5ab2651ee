import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { crashRounds } from "./crash-rounds";

/** `npm run crash:tablestore -- [--rounds 50]`: exits with 1 when a kill cost anything. */
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "50" } },
});
const directory = await mkdtemp(path.join(tmpdir(), "culvert-crash-"));
const began = performance.now();
try {
  const report = await crashRounds(directory, {
    rounds: Number(options.rounds),
    onRound: (round) => process.stdout.write(round % 10 === 0 ? `${round}\n` : "."),
  });
  const seconds = (performance.now() - began) / 1000;
  const lines = [
    `${report.rounds} kills, ${report.acknowledged} acknowledged rows, ${seconds.toFixed()} s, load ${loadavg()[0]?.toFixed(1)}`,
    `faults: ${report.faults.length}`,
    ...report.faults.slice(0, 20),
  ];
  process.stdout.write(`\n${lines.join("\n")}\n`);
  if (report.faults.length > 0) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
