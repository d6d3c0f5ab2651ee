import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { crashRounds } from "./testing/crash/crash-rounds";
import { spawnServer } from "./testing/spawn-server";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-crash-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("after any SIGKILL every acknowledged write is there, and rows and change log agree", async () => {
  const { acknowledged, faults } = await crashRounds(directory, { rounds: 10 });
  expect(faults).toEqual([]);
  expect(acknowledged).toBeGreaterThan(500);
}, 180_000);

it("ends with 0 when its supervisor's pipe closes", async () => {
  const { child } = await spawnServer(directory, { CULVERT_SUPERVISED: "1" });
  const exited = once(child, "exit");
  child.stdin?.end();
  expect((await exited)[0]).toBe(0);
});
