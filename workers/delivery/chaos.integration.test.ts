import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { describeReport } from "./testing/chaos/describe-report";
import { runChaos } from "./testing/chaos/run-chaos";

/** The dose of every run; `npm run chaos` takes longer ones. A failing run says its seed and keeps its data. */
it("gives every record once while workers, services and network fail at random for a minute (D1–D4, D6, D7)", {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-chaos-"));
  const report = await runChaos({ directory, seed, durationMs: 60_000 });
  const story = `${describeReport(report)}\nkept: ${directory}`;
  expect(report.findings, story).toEqual([]);
  const { lost, doubled } = report;
  expect({ lost, doubled }, story).toEqual({ lost: 0, doubled: 0 });
  // That anything happened at all: how much depends on the machine.
  expect(report.deeds.get("worker SIGKILL") ?? 0, story).toBeGreaterThan(0);
  expect(report.objects, story).toBeGreaterThan(0);
  await rm(directory, { recursive: true, force: true });
});

/** A run that finds nothing proves something only if it finds what is there. */
it("finds what is lost and doubled in a world that lies: a store that forgets, a database that goes back", {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const directory = await mkdtemp(path.join(tmpdir(), "culvert-chaos-"));
  const flaws = ["forgetful-store", "forgetful-database"] as const;
  const report = await runChaos({ directory, seed, durationMs: 240_000, flaws });
  const story = `${describeReport(report)}\nkept: ${directory}`;
  expect(report.doubled, story).toBeGreaterThan(0);
  expect(report.findings, story).toContainEqual(expect.stringContaining("does not stand in"));
  await rm(directory, { recursive: true, force: true });
});
