import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, it } from "vitest";
import { systemClock } from "@/lib/platform/clock";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
const program = fileURLToPath(new URL("./testing/killed-streamer/main.ts", import.meta.url));
const dataset = "kills";
const killsOf = { console: 7, worker: 6 } as const;
const consoles = 2;
const kills = consoles * killsOf.console + killsOf.worker;
const clients = 12;
const rowsPerPack = 10;
const idsPerClient = 1_000_000;
/** Of flushes that anybody was answered, between one kill and the next. */
const answersMax = 40;
/** Of each client once all kills are done: then every console lives to be asked the same. */
const packsAfterwards = 3;

/** What all see of each other. */
class Run {
  /** Ports of consoles that live. */
  readonly ports = new Set<number>();
  answers = 0;
  killsLeft: number = kills;
  /** Answers that no client may be given, and children that ended by themselves. */
  readonly wrong: string[] = [];
}

/** Keeps one process running, kills it as often as it should be, and leaves the last one alive. */
async function keepAndKill(kind: "console" | "worker", run: Run): Promise<ChildProcess> {
  for (let left: number = killsOf[kind]; ; left -= 1) {
    const child = spawn(process.execPath, ["--import", "tsx", program, kind], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    const port = await portOf(child);
    if (kind === "console") run.ports.add(port);
    if (left === 0) return child;
    // By what was answered and not by time: every step is met at some time, on any machine.
    const killAt = run.answers + randomInt(1, answersMax);
    while (run.answers < killAt) await systemClock.sleep(5);
    await systemClock.sleep(randomInt(0, 60));
    await killAndWait(child, run);
    run.ports.delete(port);
    run.killsLeft -= 1;
    // What it held is free at once: only time would have to pass.
    if (kind === "worker") await freeHeldCommits();
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error("The child's output is a pipe");
  for await (const line of createInterface({ input: stdout })) {
    const [word, port] = line.split(" ");
    if (word === "ready") return Number(port);
  }
  throw new Error("A child ended before it was ready");
}

async function killAndWait(child: ChildProcess, run: Run): Promise<void> {
  if (child.exitCode !== null) run.wrong.push(`a child ended by itself: ${child.exitCode}`);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function freeHeldCommits(): Promise<void> {
  await installation().services.database.prisma.datasetCommit.updateMany({
    where: { finishedAt: null },
    data: { finishAfter: new Date(0) },
  });
}

/** Flushes pack after pack until all kills are done, each until it is answered. Gives how many. */
async function stream(client: number, sessions: readonly string[], run: Run): Promise<number> {
  const session = sessions[client % sessions.length];
  for (let pack = 0, left = packsAfterwards; ; pack += 1) {
    if (run.killsLeft === 0) left -= 1;
    if (left < 0) return pack;
    const first = client * idsPerClient + pack * rowsPerPack;
    const rows = Array.from({ length: rowsPerPack }, (_, at) => `{"id":${first + at}}\n`).join("");
    const place = `/${dataset}/${session}/c${client}-${pack}?lane=${client % 2}`;
    while (!(await isAnswered(place, rows, run))) await systemClock.sleep(randomInt(5, 60));
    run.answers += 1;
  }
}

/** Asks any console that lives; now and then it does not wait for the answer, or asks two at once. */
async function isAnswered(place: string, rows: string, run: Run): Promise<boolean> {
  const ports = [...run.ports];
  if (ports.length === 0) return false;
  const dice = randomInt(0, 3);
  const asked = dice === 0 ? ports : [ports[randomInt(0, ports.length)]];
  const signal = dice === 1 ? AbortSignal.timeout(randomInt(5, 200)) : null;
  const answers = await Promise.all(
    asked.map(async (port) => {
      const request = { method: "PUT", body: rows, signal };
      const answer = await fetch(`http://127.0.0.1:${port}${place}`, request).catch(() => null);
      if (answer === null) return 0;
      const text = await answer.text().catch(() => null);
      if (text === null) return 0;
      if (answer.status < 500 && ![200, 429].includes(answer.status)) run.wrong.push(text);
      return answer.status;
    }),
  );
  return answers.includes(200);
}

it(`T1, T2, T3: ${kills} kills of consoles and workers while streaming lose nothing that was answered, and double nothing`, {
  timeout: 600_000,
}, async () => {
  const sessions = await begin();
  const run = new Run();
  const streams = Array.from({ length: clients }, (_, client) => stream(client, sessions, run));
  const kinds = ["worker", ...Array.from({ length: consoles }, () => "console")] as const;
  const children = await Promise.all(
    kinds.map((kind) => keepAndKill(kind === "worker" ? "worker" : "console", run)),
  );
  const packs = await Promise.all(streams);
  for (const child of children) await killAndWait(child, run);
  expect(run.wrong).toEqual([]);

  const expected = packs.flatMap((count, client) =>
    Array.from({ length: count * rowsPerPack }, (_, at) => BigInt(client * idsPerClient + at)),
  );
  const visible = await readVisible();
  expect(visible.ids).toEqual(expected);
  expect(visible.keys.toSorted()).toEqual(await ledgerKeys());
  const { prisma } = installation().services.database;
  const stored = await prisma.dataset.findFirstOrThrow({ where: { liveName: dataset } });
  expect([Number(stored.rows), Number(stored.objects)]).toEqual([
    expected.length,
    visible.keys.length,
  ]);
  expect(await prisma.streamFlush.count()).toBe(packs.reduce((sum, count) => sum + count, 0));
  const totals = await prisma.streamSession.aggregate({ _sum: { rows: true, flushes: true } });
  expect([Number(totals._sum.rows), Number(totals._sum.flushes)]).toEqual([
    expected.length,
    await prisma.streamFlush.count(),
  ]);
});

async function begin(): Promise<string[]> {
  const headers = { authorization: `Bearer ${installation().credentials.console.apiKey}` };
  const made = await callRoute("POST", "/api/v1/datasets", {
    headers,
    body: {
      ...{ name: dataset, destinationId: "embedded", folder: "kills", partitionColumns: ["lane"] },
      columns: [{ name: "id", type: "INT64" }],
    },
  });
  expect(made.status).toBe(201);
  const where = `/api/v1/datasets/${dataset}/stream-sessions`;
  const body = { slots: 100, flush: { milliseconds: 60 } };
  const begun = [1, 2].map(() => callRoute("POST", where, { headers, body }));
  return (await Promise.all(begun)).map((answer) => {
    expect(answer.status).toBe(201);
    return answer.body.id;
  });
}

/** Every row that somebody who lists the bucket reads, by DuckDB. */
async function readVisible(): Promise<{ keys: string[]; ids: unknown[] }> {
  const store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
  const folder = mkdtempSync(path.join(os.tmpdir(), "culvert-killed-streams-"));
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    const keys: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = await store.list({ prefix: "kills/", ...(after ? { after } : {}) });
      keys.push(...page.objects.map(({ key }) => key));
      more = page.next !== null;
      after = page.next ?? undefined;
    }
    for (const [index, key] of keys.entries()) {
      writeFileSync(path.join(folder, `${index}.parquet`), (await store.read(key)) ?? "");
    }
    const read = await duckdb.runAndReadAll(
      `SELECT id FROM read_parquet('${folder}/*.parquet') ORDER BY id`,
    );
    return { keys, ids: read.getRowsJS().map(([id]) => id) };
  } finally {
    duckdb.closeSync();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ledgerKeys(): Promise<string[]> {
  const { prisma } = installation().services.database;
  const objects = await prisma.deliveredObject.findMany({
    where: { commitId: { not: null } },
    select: { key: true, publishedAt: true },
  });
  expect(objects.filter(({ publishedAt }) => publishedAt === null)).toEqual([]);
  return objects.map(({ key }) => key).sort();
}
