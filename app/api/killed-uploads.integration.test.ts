import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { expect, it } from "vitest";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { callRoute } from "./testing/call-route";
import { createFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
const program = fileURLToPath(new URL("./testing/killed-uploader/main.ts", import.meta.url));
const lanes = 2;
const killsPerLane = 10;
/** Some three sessions. */
const stepsMax = 40;
const idsPerRun = 10_000_000;

type Run = { readonly begun: Map<string, number[]>; readonly committed: Set<string> };

/** Starts an uploader, lets it work for a moment, kills it, and tells what it said. */
async function runAndKill(partition: string, firstId: number, run: Run): Promise<void> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", program, "kills", partition, String(firstId)],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const lastStep = randomInt(1, stepsMax);
  let steps = 0;
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_code, signal) => resolve(signal));
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, id = "", from = "", count = ""] = line.split(" ");
    // By what it has done and not by time: every step is met at some time, on any machine.
    steps += 1;
    if (steps === lastStep) setTimeout(() => child.kill("SIGKILL"), randomInt(0, 40));
    if (word === "begun") {
      run.begun.set(
        id,
        Array.from({ length: Number(count) }, (_, at) => Number(from) + at),
      );
    }
    if (word === "committed") run.committed.add(id);
  }
  expect([await ended, errors.replaceAll(/.*NodeVersionSupportWarning[\s\S]*/g, "")]).toEqual([
    "SIGKILL",
    "",
  ]);
}

it(`U1, U2, U5: ${lanes * killsPerLane} kills while uploading and committing lose nothing and double nothing`, {
  timeout: 300_000,
}, async () => {
  const { services, credentials } = installation();
  const made = await callRoute("POST", "/api/v1/datasets", {
    headers: { authorization: `Bearer ${credentials.console.apiKey}` },
    body: {
      ...{ name: "kills", destinationId: "embedded", folder: "kills", partitionColumns: ["lane"] },
      columns: [{ name: "id", type: "INT64" }],
    },
  });
  expect(made.status).toBe(201);
  const run: Run = { begun: new Map(), committed: new Set() };
  const lane = async (index: number) => {
    for (let kill = 0; kill < killsPerLane; kill += 1) {
      await runAndKill(`lane=${index}`, (index * killsPerLane + kill) * idsPerRun, run);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));

  // The killed ones' holds are given up at once: only time would have to pass.
  const { prisma } = services.database;
  await prisma.datasetCommit.updateMany({
    where: { finishedAt: null },
    data: { finishAfter: new Date(0) },
  });
  const { finisher, adapters } = createFinisher(services);
  for (let left = 1; left > 0; ) {
    await finisher.finishOnce();
    left = await prisma.datasetCommit.count({ where: { finishedAt: null } });
  }
  await adapters.close();

  const visible = await readVisible();
  expect(visible.keys.toSorted()).toEqual(await ledgerKeys());
  expect(visible.ids.toSorted((one, other) => one - other)).toEqual(await expectedIds(run));
  const dataset = await prisma.dataset.findFirstOrThrow({ where: { liveName: "kills" } });
  expect([Number(dataset.rows), Number(dataset.objects)]).toEqual([
    visible.ids.length,
    visible.keys.length,
  ]);
});

/** Every row that somebody who lists the bucket reads. */
async function readVisible(): Promise<{ keys: string[]; ids: number[] }> {
  const store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
  const { objects } = await store.list({ prefix: "kills/" });
  const ids: number[] = [];
  for (const { key } of objects) {
    const bytes = (await store.read(key)) ?? new Uint8Array();
    const file = {
      byteLength: bytes.byteLength,
      slice: (start: number, end?: number) => bytes.slice(start, end).buffer as ArrayBuffer,
    };
    ids.push(...(await parquetReadObjects({ file })).map((row) => Number(row.id)));
  }
  store.close();
  return { keys: objects.map(({ key }) => key), ids };
}

async function ledgerKeys(): Promise<string[]> {
  const { prisma } = installation().services.database;
  const objects = await prisma.deliveredObject.findMany({
    where: { commitId: { not: null }, removedAt: null },
    select: { key: true, publishedAt: true },
  });
  expect(objects.filter(({ publishedAt }) => publishedAt === null)).toEqual([]);
  return objects.map(({ key }) => key).sort();
}

/** What the decided sessions leave, each whole, in the order in which they were decided. */
async function expectedIds(run: Run): Promise<number[]> {
  const { prisma } = installation().services.database;
  const sessions = await prisma.uploadSession.findMany({ where: { commitId: { not: null } } });
  const commits = await prisma.datasetCommit.findMany({ orderBy: { decidedAt: "asc" } });
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
