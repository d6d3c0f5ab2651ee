import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { endServer, spawnServer } from "../spawn-server";
import { fuzzServer } from "./fuzz-server";

/** `npm run fuzz:tablestore -- [--cases 100000] [--seed 1]`: exits with 1 when a case fails. */
const { values: options } = parseArgs({
  options: { cases: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000);
const directory = await mkdtemp(path.join(tmpdir(), "culvert-fuzz-"));
const server = await spawnServer(directory);
const began = performance.now();
try {
  const report = await fuzzServer(server, { seed, cases: Number(options.cases) });
  const seconds = (performance.now() - began) / 1000;
  const outcomes = [...report.outcomes].sort(([, a], [, b]) => b - a);
  const lines = [
    `${report.cases} cases, seed ${seed}, ${seconds.toFixed(1)} s, load ${loadavg()[0]?.toFixed(1)}`,
    ...outcomes.map(([outcome, count]) => `${String(count).padStart(9)}  ${outcome}`),
    `slowest answer ${report.slowestMs.toFixed()} ms`,
    `memory of the server, MB: ${report.memoryMb.join(" ")}`,
    `failures: ${report.failures.length}`,
    ...report.failures,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (report.failures.length > 0) process.exitCode = 1;
} finally {
  if (server.child.exitCode === null) await endServer(server, "SIGTERM");
  await rm(directory, { recursive: true, force: true });
}
