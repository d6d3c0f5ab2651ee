import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { fuzzServer } from "./testing/fuzz/fuzz-server";
import { endServer, spawnServer } from "./testing/spawn-server";

it("malformed HTTP, messages and rows are refused with a code, and the server serves on, no larger", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-fuzz-"));
  const server = await spawnServer(directory);
  try {
    const report = await fuzzServer(server, { seed: 20_200_831, cases: 3000 });
    expect(report.failures).toEqual([]);
    expect(report.cases).toBe(3000);
    const refused = [...report.outcomes].filter(([outcome]) => /^4\d\d OTS/.test(outcome));
    expect(refused.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(1500);
    // From half-way on nothing is new to the server, so nothing may pile up.
    const { memoryMb } = report;
    const half = memoryMb[Math.floor(memoryMb.length / 2)] ?? 0;
    expect(memoryMb.at(-1) ?? 0).toBeLessThanOrEqual(half + 64);
  } finally {
    if (server.child.exitCode === null) expect(await endServer(server, "SIGTERM")).toBe(0);
    await rm(directory, { recursive: true, force: true });
  }
});
