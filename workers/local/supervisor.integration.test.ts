import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "@/lib/platform/clock";
import { childProcessPart } from "./child-process-part";
import { createEnsemble, type Ensemble } from "./ensemble";
import { readStartTime } from "./process-identity";
import { claimRunDirectory, type RunDirectory } from "./run-directory";

let directory: string;
let runDirectory: RunDirectory;
let ensemble: Ensemble;
let said: string[];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "culvert-supervisor-"));
  said = [];
  runDirectory = await claimRunDirectory(directory, {
    clock: systemClock,
    patienceMs: 0,
    stoppingMsMax: 0,
  });
  ensemble = createEnsemble({ clock: systemClock, graceMs: 400, say: (line) => said.push(line) });
});

afterEach(async () => {
  await ensemble.stopAll();
  rmSync(directory, { recursive: true, force: true });
});

/** A process that writes its id, and its name when it is asked to end. */
const wellBehaved = `
  const { appendFileSync } = require("node:fs");
  const [name, log] = process.argv.slice(1);
  process.on("SIGTERM", () => { appendFileSync(log, name + "\\n"); process.exit(0); });
  setInterval(() => {}, 1000);
  console.log("pid " + process.pid);
`;
const deafToSigterm = `
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1000);
  console.log("pid " + process.pid);
`;
const withChildOfItsOwn = `
  const child = require("node:child_process").spawn("sleep", ["1000"], { stdio: "ignore" });
  setInterval(() => {}, 1000);
  console.log("pid " + child.pid);
`;

function startPart(name: string, script: string) {
  const pids: number[] = [];
  const waiting: ((pid: number) => void)[] = [];
  const part = childProcessPart(
    {
      name,
      args: ["-e", script, name, log()],
      cwd: directory,
      env: { PATH: process.env.PATH },
    },
    {
      clock: systemClock,
      runDirectory,
      probe: async () => pids.length > 0,
      show: (_part, line) => {
        const pid = Number(line.replace("pid ", ""));
        pids.push(pid);
        waiting.shift()?.(pid);
      },
    },
  );
  const nextPid = () => new Promise<number>((resolve) => waiting.push(resolve));
  const firstPid = nextPid();
  return { kept: ensemble.start(part), firstPid, nextPid };
}

const log = () => path.join(directory, "ended");
const isRunning = (pid: number) => readStartTime(pid) !== null;

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await systemClock.sleep(5);
}

test("a part that is killed is started again, 0.25 to 2 s later, with a line that says so", async () => {
  const part = startPart("echo", wellBehaved);
  const pid = await part.firstPid;
  await part.kept.serving;
  const next = part.nextPid();
  const killedAt = performance.now();
  process.kill(pid, "SIGKILL");
  expect(await next).not.toBe(pid);
  expect(performance.now() - killedAt).toBeGreaterThanOrEqual(240);
  expect(performance.now() - killedAt).toBeLessThan(2_500);
  expect(said).toEqual(["echo ended by SIGKILL; starting it again in 250 ms"]);
});

test("parts stop in the reverse of the order they were started in", async () => {
  const names = ["first", "second", "third"];
  for (const name of names) await startPart(name, wellBehaved).firstPid;
  await ensemble.stopAll();
  expect(readFileSync(log(), "utf8").trim().split("\n")).toEqual(names.toReversed());
});

test("a part that does not end when asked is made to after the grace time", async () => {
  const pid = await startPart("deaf", deafToSigterm).firstPid;
  await ensemble.stopAll();
  expect(isRunning(pid)).toBe(false);
});

test("what a part started itself does not outlive it", async () => {
  const grandchild = await startPart("parent", withChildOfItsOwn).firstPid;
  await ensemble.stopAll();
  await untilGone(grandchild);
});

test("a part that ends by itself before it ever served is given up, and the ensemble says why", async () => {
  const part = startPart("broken", "process.exit(3)");
  const failure = await part.kept.givenUp;
  expect(failure.message).toBe("broken ended with code 3 and never served.");
  expect(ensemble.failed.aborted).toBe(true);
});

test("leftovers of a killed supervisor are ended, a process that only has a leftover's id is not", async () => {
  const pid = await startPart("left", deafToSigterm).firstPid;
  const entry = path.join(directory, "run/left.json");
  const recorded = JSON.parse(readFileSync(entry, "utf8")) as { pid: number; startedAt: string };
  expect(recorded.pid).toBe(pid);
  const stranger = path.join(directory, "run/stranger.json");
  writeFileSync(stranger, JSON.stringify({ pid: process.pid, startedAt: "another boot/1" }));

  expect(await runDirectory.endLeftovers(50)).toEqual(["left"]);
  expect(isRunning(pid)).toBe(false);
  expect(isRunning(process.pid)).toBe(true);
});

test("a home with a live supervisor cannot be claimed, one with a dead or stopping one can", async () => {
  const claim = () =>
    claimRunDirectory(directory, { clock: systemClock, patienceMs: 0, stoppingMsMax: 2_000 });
  await expect(claim()).rejects.toThrow(
    `Culvert already runs on ${directory} (process ${process.pid})`,
  );

  runDirectory.announceStopping();
  const waiting = claim();
  runDirectory.release();
  await (await waiting).release();

  const dead = JSON.stringify({ pid: process.pid, startedAt: "another boot/1" });
  writeFileSync(path.join(directory, "run/supervisor.json"), dead);
  (await claim()).release();
});
