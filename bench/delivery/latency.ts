import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { parquetReadObjects } from "hyparquet";
import { systemClock } from "@/lib/platform/clock";
import { createRandom } from "../sample-records";
import { bucket, type Installation } from "./installation";
import { createSampleTable, writeBatch } from "./sample-table";

const batchesPerSecond = 50;
const pollEveryMs = 100;
/** The documented window: "average of the slowest 1 % over the last 10 s". */
const windowMs = 10_000;

export type Latency = {
  readonly flushSeconds: number;
  readonly rows: number;
  /** What was really written, over the whole run. */
  readonly rowsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Over all windows of 10 s: the mean of each one's slowest 1 %, the middle window and the worst. */
  readonly slowestHundredthMs: { readonly median: number; readonly worst: number };
};

/** From before a row is sent until a listing of the bucket shows the object that holds it. */
export async function runLatency(
  at: Installation,
  options: {
    readonly rowsPerSecond: number;
    readonly seconds: number;
    /** The task's default when absent. */
    readonly flushSeconds?: number;
  },
): Promise<Latency> {
  const { rowsPerSecond, seconds, flushSeconds } = options;
  const name = `bench-flush-${flushSeconds ?? "std"}`;
  const table = `flush_${flushSeconds ?? "std"}`;
  await createSampleTable(at.tablestore, table);
  const flush = flushSeconds === undefined ? {} : { flush: { seconds: flushSeconds } };
  await at.createTask({ name, table, mode: "incremental", ...flush });
  await at.waitForTask(name, ({ progress }) => progress.stage === "incremental");

  const rows = rowsPerSecond * seconds;
  const sight = followBucket(at, name);
  const began = performance.now();
  await writeSteadily(at, table, rows, rowsPerSecond);
  const tookMs = performance.now() - began;
  const delays = await sight.untilSeen(rows);
  const sorted = delays.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  const tails = slowestHundredths(delays);
  return {
    flushSeconds: flushSeconds ?? 120,
    rows,
    rowsPerSecond: rows / (tookMs / 1000),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    slowestHundredthMs: { median: percentile(tails, 0.5), worst: tails.at(-1) ?? 0 },
  };
}

/** A batch every 20 ms by the clock, so that a slow answer does not thin out the load. */
async function writeSteadily(
  at: Installation,
  table: string,
  rows: number,
  rowsPerSecond: number,
): Promise<void> {
  const random = createRandom(1);
  const rowsPerBatch = Math.min(200, Math.ceil(rowsPerSecond / batchesPerSecond));
  const began = performance.now();
  const underWay: Promise<void>[] = [];
  for (let from = 0; from < rows; from += rowsPerBatch) {
    const dueMs = (from / rowsPerSecond) * 1000 - (performance.now() - began);
    if (dueMs > 0) await systemClock.sleep(dueMs);
    const sentMs = Date.now();
    const batch = { from, to: Math.min(rows, from + rowsPerBatch), createdMsOf: () => sentMs };
    underWay.push(writeBatch(at.tablestore, table, batch, random));
  }
  await Promise.all(underWay);
}

type Delay = { readonly seenMs: number; readonly delayMs: number };

/** Lists the folder again and again, and reads each object's instants once. */
function followBucket(at: Installation, folder: string) {
  const seen = new Set<string>();
  const delays: Delay[] = [];
  const poll = async (): Promise<void> => {
    let after: string | undefined;
    const fresh: string[] = [];
    do {
      const page = await at.s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: `${folder}/`, StartAfter: after }),
      );
      for (const { Key = "" } of page.Contents ?? []) if (!seen.has(Key)) fresh.push(Key);
      after = page.IsTruncated ? page.Contents?.at(-1)?.Key : undefined;
    } while (after !== undefined);
    const seenMs = Date.now();
    for (const key of fresh) {
      seen.add(key);
      for (const sentMs of await readInstants(at, key)) {
        delays.push({ seenMs, delayMs: seenMs - sentMs });
      }
    }
  };
  const stop = new AbortController();
  const polling = (async () => {
    while (!stop.signal.aborted) {
      await poll();
      await systemClock.sleep(pollEveryMs);
    }
  })();
  return {
    async untilSeen(rows: number): Promise<readonly Delay[]> {
      while (delays.length < rows) {
        await Promise.race([polling, systemClock.sleep(pollEveryMs)]);
      }
      stop.abort();
      await polling;
      return delays;
    },
  };
}

async function readInstants(at: Installation, key: string): Promise<number[]> {
  const object = await at.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = await object.Body?.transformToByteArray();
  if (bytes === undefined) throw new Error(`${key} has no content`);
  const file = new Uint8Array(bytes).buffer;
  const rows = await parquetReadObjects({ file, columns: ["created_ms"] });
  return rows.map(({ created_ms }) => Number(created_ms));
}

function slowestHundredths(delays: readonly Delay[]): number[] {
  const windows = new Map<number, number[]>();
  for (const { seenMs, delayMs } of delays) {
    const window = Math.floor(seenMs / windowMs);
    const members = windows.get(window);
    if (members === undefined) windows.set(window, [delayMs]);
    else members.push(delayMs);
  }
  const means = [...windows.values()].map((members) => {
    const slowest = members.sort((a, b) => b - a).slice(0, Math.ceil(members.length / 100));
    return slowest.reduce((sum, delay) => sum + delay, 0) / slowest.length;
  });
  return means.sort((a, b) => a - b);
}

const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/**
 * From asking for a task to the first object that a listing shows, in ms: an upper bound of the time
 * to the first record read, which nobody outside can see.
 */
export async function measureFirstObject(at: Installation): Promise<number> {
  const [table, name] = ["first", "bench-first"];
  await createSampleTable(at.tablestore, table);
  await writeBatch(at.tablestore, table, { from: 0, to: 100 }, createRandom(1));
  const began = performance.now();
  await at.createTask({ name, table, mode: "full" });
  const listing = new ListObjectsV2Command({ Bucket: bucket, Prefix: `${name}/` });
  while (((await at.s3.send(listing)).KeyCount ?? 0) === 0) await systemClock.sleep(20);
  return performance.now() - began;
}
