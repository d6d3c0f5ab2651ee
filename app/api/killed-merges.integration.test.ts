import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { callRoute } from "./testing/call-route";
import { createFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";
import { createMerger } from "./testing/merger";

const installation = withInstallation();
const program = fileURLToPath(new URL("./testing/killed-merger/main.ts", import.meta.url));
const lanes = 2;
const killsPerLane = 10;
/** Some two uploads and merges. */
const stepsMax = 45;
const idsPerRun = 1_000_000;
const never = new AbortController().signal;

let store: ObjectStore;
let duckdb: DuckDBConnection;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-killed-merges-"));
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
});
afterAll(() => {
  store.close();
  duckdb.closeSync();
  rmSync(scratch, { recursive: true, force: true });
});

const call = (method: string, where: string, body?: unknown) =>
  callRoute(method, `/api/v1${where}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });
const prisma = () => installation().services.database.prisma;

type Run = { readonly begun: Map<string, number[]>; readonly committed: Set<string> };

/** Starts a merger, lets it work for a moment, kills it, and tells what it said. */
async function runAndKill(partition: string, firstId: number, run: Run): Promise<string[]> {
  const args = ["--import", "tsx", program, "kills", partition, String(firstId)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lastStep = randomInt(1, stepsMax);
  const said: string[] = [];
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_code, signal) => resolve(signal));
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [word = "", id = "", from = "", count = ""] = line.split(" ");
    // By what it has done and not by time: every step is met at some time, on any machine.
    said.push(word === "step" ? id : word);
    if (said.length === lastStep) setTimeout(() => child.kill("SIGKILL"), randomInt(0, 40));
    if (word === "begun") run.begun.set(id, idsOf(Number(from), Number(count)));
    if (word === "committed") run.committed.add(id);
  }
  expect([await ended, errors.replaceAll(/.*NodeVersionSupportWarning[\s\S]*/g, "")]).toEqual([
    "SIGKILL",
    "",
  ]);
  return said;
}

const idsOf = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);

/** Every row that somebody who lists the folder reads, once for each time that it stands there. */
async function readIds(folder: string): Promise<number[]> {
  const { objects } = await store.list({ prefix: `${folder}/` });
  const directory = mkdtempSync(path.join(scratch, "read-"));
  let files = 0;
  for (const { key } of objects) {
    const bytes = await store.read(key);
    // Another lane's process may have taken it away since it was listed.
    if (!bytes) continue;
    mkdirSync(path.dirname(path.join(directory, key)), { recursive: true });
    writeFileSync(path.join(directory, key), bytes);
    files += 1;
  }
  if (files === 0) return [];
  const result = await duckdb.runAndReadAll(
    `SELECT id FROM read_parquet('${directory}/**/*.parquet') ORDER BY id`,
  );
  rmSync(directory, { recursive: true });
  return result.getRowsJS().map(([id]) => Number(id));
}

/** As if the time had passed for which what a killed process held is kept for it. */
async function endHolds(): Promise<void> {
  await prisma().datasetCommit.updateMany({
    where: { finishedAt: null },
    data: { finishAfter: new Date(0) },
  });
  await prisma().datasetMerge.updateMany({
    where: { endedAt: null },
    data: { holdUntil: null, nextTryAt: null },
  });
}

it(`D8: ${lanes * killsPerLane} kills while merging, publishing and removing lose nothing and show nothing twice in a folder`, {
  // Some forty processes start one after the other, on a machine that may be busy.
  timeout: 900_000,
}, async () => {
  const { services } = installation();
  const body = { name: "kills", destinationId: "embedded", folder: "kills" };
  const columns = [{ name: "id", type: "INT64" }];
  const made = await call("POST", "/datasets", { ...body, columns, partitionColumns: ["lane"] });
  expect(made.status).toBe(201);
  const order = { kind: "sorted", columns: ["id"] };
  const settings = { objectsMin: 3, order, originals: "remove", graceSeconds: 0 };
  expect((await call("PUT", "/datasets/kills/merge-settings", settings)).status).toBe(200);
  const run: Run = { begun: new Map(), committed: new Set() };
  const lastSteps: (string | undefined)[] = [];
  const lane = async (index: number) => {
    for (let kill = 0; kill < killsPerLane; kill += 1) {
      const firstId = (index * killsPerLane + kill) * idsPerRun;
      lastSteps.push((await runAndKill(`lane=${index}`, firstId, run)).at(-1));
      await endHolds();
      for (const folder of [`kills/lane=${index}`, `kills_merged/lane=${index}`]) {
        const ids = await readIds(folder);
        expect(ids).toEqual([...new Set(ids)]);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  // What was hit is chance; that it was no single point is not.
  expect(new Set(lastSteps).size).toBeGreaterThan(4);

  const { finisher, adapters } = createFinisher(services);
  const merger = createMerger(services, adapters);
  const finish = async () => {
    await endHolds();
    for (let left = 1; left > 0; ) {
      await finisher.finishOnce();
      left = await prisma().datasetCommit.count({ where: { finishedAt: null } });
    }
  };
  await finish();
  expect(await call("POST", "/datasets/kills/merges", {})).toMatchObject({ status: 201 });
  const where = { outcome: "decided", releasedAt: null, overwrittenBy: null };
  for (let left = 1; left > 0; ) {
    while (await merger.lookOnce(never)) await finish();
    await finish();
    left = await prisma().datasetMerge.count({ where });
  }
  await adapters.close();

  const expected = await expectedIds(run);
  expect(await readIds("kills_merged")).toEqual(expected);
  expect(await readIds("kills")).toEqual([]);
  expect(await keysIn("kills_merged")).toEqual(await ledgerKeys());
  const dataset = await prisma().dataset.findFirstOrThrow({ where: { liveName: "kills" } });
  expect([Number(dataset.rows), Number(dataset.objects)]).toEqual([
    expected.length,
    (await ledgerKeys()).length,
  ]);
});

async function keysIn(folder: string): Promise<string[]> {
  return (await store.list({ prefix: `${folder}/` })).objects.map(({ key }) => key).sort();
}

async function ledgerKeys(): Promise<string[]> {
  const objects = await prisma().deliveredObject.findMany({
    where: { commitId: { not: null }, removedAt: null },
    select: { key: true, publishedAt: true },
  });
  expect(objects.filter(({ publishedAt }) => publishedAt === null)).toEqual([]);
  return objects.map(({ key }) => key).sort();
}

/** What the decided sessions leave, each whole, in the order in which they were decided. */
async function expectedIds(run: Run): Promise<number[]> {
  const sessions = await prisma().uploadSession.findMany({ where: { commitId: { not: null } } });
  const commits = await prisma().datasetCommit.findMany({
    where: { writer: "upload" },
    orderBy: { decidedAt: "asc" },
  });
  const decided = new Set(sessions.map(({ id }) => id));
  for (const id of run.committed) expect(decided).toContain(id);
  expect(run.committed.size).toBeGreaterThan(lanes * 2);
  const held = new Map<string, number[]>();
  for (const { sessionId, overwrites } of commits) {
    const session = sessions.find(({ id }) => id === sessionId);
    const partition = session?.partition ?? "";
    const before = overwrites ? [] : (held.get(partition) ?? []);
    held.set(partition, [...before, ...(run.begun.get(sessionId ?? "") ?? [Number.NaN])]);
  }
  return [...held.values()].flat().sort((one, other) => one - other);
}
