import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@/workers/tablestore/testing/fuzz/random";
import { checkAccount, readCounts } from "./check-account";
import { areExposed, type Flaw, makeDatabaseForget } from "./flaws";
import { type Installation, startInstallation } from "./installation";
import { createNemesis, type Nemesis } from "./nemesis";
import { createSessionWriter } from "./session-writer";
import { verifyDatasets } from "./verify-datasets";
import { createWatcher, type Finding, type Watcher } from "./watcher";
import { createWriter, type Writer, type Written } from "./writer";

export type ChaosReport = {
  readonly seed: number;
  readonly seconds: number;
  /** What the nemesis did, by name, and what single requests met, by service and kind. */
  readonly deeds: ReadonlyMap<string, number>;
  readonly requests: ReadonlyMap<string, number>;
  readonly written: {
    readonly acknowledged: number;
    readonly doubtful: number;
    readonly deletes: number;
  };
  readonly objects: number;
  readonly rows: number;
  /** Of these, those that stand in merged copies, too. */
  readonly mergedRows: number;
  readonly polls: number;
  readonly drainSeconds: number;
  readonly lost: number;
  readonly doubled: number;
  /** All that must not be; empty when the guarantees hold. */
  readonly findings: readonly Finding[];
};

export type ChaosOptions = {
  /** Holds all data and logs; the caller removes it. */
  readonly directory: string;
  readonly seed: number;
  readonly durationMs: number;
  /** What lies below the product and has to make the run fail; it ends as soon as all of it could. */
  readonly flaws?: readonly Flaw[];
  readonly onProgress?: (line: string) => void;
};

const workersMax = 3;
const tables = ["chaos_full", "chaos_days"] as const;
const taskNames = ["chaos-full", "chaos-days"] as const;
/** Where packs and blocks of rows go. */
const datasetName = "chaos-sessions";
const baseRows = 1_500;
const progressEveryMs = 15_000;
/** Far above what it takes: only a delivery that stands still for good gets there. */
const drainTimeoutMs = 300_000;
/** What a flawed world loses never comes. */
const flawedDrainTimeoutMs = 20_000;
const lastLooksMax = 20;

/**
 * Delivers two tables that change all the time, in full and by folders, while everything that can
 * break is broken at random; then lets it heal, and compares what stands in the bucket with what the
 * writers know.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { directory, seed, durationMs, flaws = [], onProgress = () => {} } = options;
  const random = new Random(seed);
  const installation = await startInstallation(directory, workersMax);
  try {
    const writers = await startWriters(installation, random);
    await installation.createDataset(datasetName);
    const { store, console } = installation;
    const sessions = createSessionWriter({
      ...{ dataset: datasetName, port: console.port, store },
      random: new Random(random.below(2 ** 31)),
    });
    const everybody: readonly Written[] = [...writers, sessions];
    const watcher = createWatcher(store, { dirty: "_dirty/", merged: `${datasetName}_merged/` });
    const nemesis = createNemesis(installation, tables, new Random(random.below(2 ** 31)), flaws);
    if (flaws.includes("forgetful-database")) await makeDatabaseForget(installation.database);
    for (const one of [...writers, sessions, watcher]) one.run();
    await nemesis.run();
    const begunMs = performance.now();
    const tell = () => onProgress(describeProgress(performance.now() - begunMs, watcher, nemesis));
    const telling = setInterval(tell, progressEveryMs);
    const isEnough = () => areExposed(flaws, installation.database, watcher);
    while (performance.now() < begunMs + durationMs && !(await isEnough())) await sleep(500);
    clearInterval(telling);
    const seconds = Math.round((performance.now() - begunMs) / 1_000);
    await nemesis.stop();
    await Promise.all([...writers, sessions].map((writer) => writer.stop()));
    await installation.stopMerging(datasetName);
    onProgress("everything is mended; waiting until all is delivered");
    const healedMs = performance.now();
    const timeoutMs = flaws.length > 0 ? flawedDrainTimeoutMs : drainTimeoutMs;
    const drained = await drain(installation, watcher, everybody, timeoutMs);
    const drainSeconds = (performance.now() - healedMs) / 1_000;
    const names = [...taskNames, datasetName];
    const unverified = drained ? await verifyDatasets(installation.database, names) : [];
    await settle(installation, watcher);
    const lost = [...missingRows(watcher, everybody)];
    const findings = [
      ...watcher.findings,
      ...sessions.findings,
      ...(drained ? [] : [`not delivered within ${timeoutMs / 1_000} s`]),
      ...lost.slice(0, 50).map((row) => `lost: ${row} was acknowledged`),
      ...unknownRows(watcher, everybody),
      ...unverified,
      ...(await checkAccount(installation.database, watcher.objects, writers)),
    ];
    const sum = (part: (writer: Written) => number) =>
      everybody.reduce((total, writer) => total + part(writer), 0);
    return {
      ...{ seed, seconds, deeds: nemesis.done, findings, drainSeconds },
      requests: requestsOf(installation),
      written: {
        acknowledged: sum((writer) => writer.acknowledged.size),
        doubtful: sum((writer) => writer.doubtful.size + writer.deletesDoubtful),
        deletes: sum((writer) => writer.deletesAcknowledged),
      },
      ...{ objects: watcher.objects.size, rows: watcher.rows.size, polls: watcher.polls },
      mergedRows: watcher.mergedRows.size,
      lost: lost.length,
      doubled: watcher.findings.filter((finding) => finding.includes(" doubled: ")).length,
    };
  } finally {
    await installation.close();
  }
}

/** One table that is delivered in full and then goes on, and one by folders of an event time. */
async function startWriters(installation: Installation, random: Random): Promise<Writer[]> {
  const writers: Writer[] = [];
  for (const table of tables) {
    await installation.sdk("createTable", {
      tableMeta: { tableName: table, primaryKey: [{ name: "id", type: "STRING" }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      streamSpecification: { enableStream: true, expirationTime: 24 },
    });
    writers.push(createWriter(installation.sdk, table, new Random(random.below(2 ** 31))));
  }
  await writers[0]?.fill(baseRows);
  await installation.createTask({
    ...{ name: taskNames[0], table: tables[0], mode: "differential" },
    flush: { seconds: 5, bytes: 1024 * 1024 },
  });
  await installation.createTask({
    ...{ name: taskNames[1], table: tables[1], mode: "incremental", compression: "snappy" },
    ...{ prefix: "days/year=$yyyy/month=$MM/day=$dd", flush: { seconds: 5, bytes: 1024 * 1024 } },
    eventTime: { column: "at", format: "RFC3339" },
  });
  return writers;
}

/** True when every acknowledged row was seen, every decided batch is acked and every commit finished. */
async function drain(
  installation: Installation,
  watcher: Watcher,
  writers: readonly Written[],
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const isAllSeen = missingRows(watcher, writers).next().done;
    const counts = isAllSeen && (await readCounts(installation.database));
    if (counts && counts.open_batches + counts.open_commits === 0n) return true;
    await sleep(500);
  }
  return false;
}

/** Workers end by themselves, which seals what they hold; then the bucket is looked at once more. */
async function settle({ workers }: Installation, watcher: Watcher): Promise<void> {
  await Promise.all(workers.map((worker) => worker.end("SIGTERM")));
  await watcher.stop();
  await untilAnswered(() => watcher.poll());
  await untilAnswered(() => watcher.readAgain());
}

/** Connections that were kept from before the store was killed break at their first use. */
async function untilAnswered(look: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await look();
    } catch (thrown) {
      if (attempt === lastLooksMax) throw thrown;
      await sleep(500);
    }
  }
}

function* missingRows(watcher: Watcher, writers: readonly Written[]): Generator<string> {
  for (const { acknowledged } of writers)
    for (const row of acknowledged) if (!watcher.rows.has(row)) yield row;
}

function* unknownRows(watcher: Watcher, writers: readonly Written[]): Generator<Finding> {
  for (const [row, key] of [...watcher.rows, ...watcher.mergedRows])
    if (!writers.some(({ acknowledged, doubtful }) => acknowledged.has(row) || doubtful.has(row)))
      yield `unknown: ${row} in ${key} was never written`;
}

function requestsOf({ proxies }: Installation): Map<string, number> {
  const requests = new Map<string, number>();
  for (const [service, { met }] of [
    ["store", proxies.objects],
    ["source", proxies.tables],
  ] as const)
    for (const [kind, count] of met) requests.set(`${service}: ${kind}`, count);
  return requests;
}

function describeProgress(ms: number, watcher: Watcher, { done }: Nemesis): string {
  const deeds = [...done.values()].reduce((sum, count) => sum + count, 0);
  const { objects, rows, findings, polls } = watcher;
  return `${(ms / 1_000).toFixed()} s: ${deeds} deeds, ${objects.size} objects, ${rows.size} rows, ${polls} polls, ${findings.length} findings`;
}
