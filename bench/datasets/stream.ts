import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { systemClock } from "@/lib/platform/clock";
import type { Installation } from "../delivery/installation";
import { createDataset, createSession } from "./dataset-calls";

/** Some 400 KB. */
const rowsPerPack = 2_000;
const slots = 32;

export type StreamRun = {
  readonly clients: number;
  readonly windowMs: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly objects: number;
  /** Of the console's process. */
  readonly rowsPerCpuSecond: number;
  /** From before a pack is sent until its client knows that everybody sees it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** 429: sent again. */
  readonly refused: number;
};

/** The sample's lines, as packs. */
export async function readPacks(file: string): Promise<string[]> {
  const packs: string[] = [];
  let lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    lines.push(line);
    if (lines.length < rowsPerPack) continue;
    packs.push(`${lines.join("\n")}\n`);
    lines = [];
  }
  return packs;
}

/** Clients that each flush pack after pack into one partition, through one session. */
export async function runStream(
  at: Installation,
  packs: readonly string[],
  options: { readonly clients: number; readonly windowMs: number; readonly seconds: number },
): Promise<StreamRun> {
  const { clients, windowMs, seconds } = options;
  const name = `stream-${clients}-${windowMs}`;
  await createDataset(at, name);
  const flush = { milliseconds: windowMs };
  const id = await createSession(at, name, "stream", { slots, flush });
  const cpuBefore = at.usage().console?.cpuSeconds ?? 0;
  const began = performance.now();
  const tally = { latenciesMs: [] as number[], refused: 0 };
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let pack = 0; performance.now() - began < seconds * 1_000; pack += 1) {
        const place = `datasets/${name}/stream-sessions/${id}/flushes/${client}-${pack}`;
        const body = packs[(client + pack * clients) % packs.length] ?? "";
        tally.latenciesMs.push(await flushPack(at, place, body, tally));
      }
    }),
  );
  const tookMs = performance.now() - began;
  const cpuSeconds = (at.usage().console?.cpuSeconds ?? 0) - cpuBefore;
  const rows = tally.latenciesMs.length * rowsPerPack;
  const objects = await checkRows(at, name, rows);
  await at.call("DELETE", `datasets/${name}/stream-sessions/${id}`);
  const sorted = tally.latenciesMs.toSorted((one, other) => one - other);
  return {
    ...{ clients, windowMs, rows, objects, refused: tally.refused },
    rowsPerSecond: Math.round(rows / (tookMs / 1_000)),
    rowsPerCpuSecond: Math.round(rows / cpuSeconds),
    p50Ms: Math.round(sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN),
    p99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN),
  };
}

/** Until it is answered; gives how long that took, with the times that it was told to come again. */
async function flushPack(
  at: Installation,
  place: string,
  body: string,
  tally: { refused: number },
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answer = await at.send("PUT", place, "application/x-ndjson", body);
    const text = await answer.text();
    if (answer.ok) return performance.now() - began;
    if (answer.status !== 429) throw new Error(`${place}: ${text}`);
    tally.refused += 1;
    await systemClock.sleep(Number(answer.headers.get("retry-after")) * 1_000);
  }
}

async function checkRows(at: Installation, name: string, rows: number): Promise<number> {
  const seen = (await (await at.get(`datasets/${name}`)).json()) as {
    rows: number;
    objects: number;
  };
  if (seen.rows !== rows) throw new Error(`${name} has ${seen.rows} rows, and not ${rows}`);
  return seen.objects;
}
