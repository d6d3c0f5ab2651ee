import type { Installation, TaskSeen } from "./installation";
import type { Usage } from "./process-usage";
import { createSampleTable, fillTable, type Rows } from "./sample-table";

/** How one way of delivering so many rows went, from the request to the last visible object. */
export type Run = {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
  readonly objects: number;
  /** CPU seconds spent meanwhile, by part. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** Resident peak of one process since it started, by part. */
  readonly peakMb: Readonly<Record<string, number>>;
};

/** A table that is there already, delivered whole. */
export async function runFull(at: Installation, rows: number, what: string): Promise<Run> {
  const table = "full";
  await createSampleTable(at.tablestore, table);
  await fillTable(at.tablestore, table, { from: 0, to: rows });
  return measure(at, { what, rows, name: "bench-full" }, async (name) => {
    await at.createTask({ name, table, mode: "full" });
    return at.waitForTask(name, ({ progress }) => progress.stage === "completed");
  });
}

/** Changes that came while a task was paused, delivered after it goes on. */
export async function runIncremental(at: Installation, rows: number, what: string): Promise<Run> {
  const [table, name] = ["incremental", "bench-backlog"];
  await preparePaused(at, { table, name, flush: { seconds: 5 } }, { from: 0, to: rows });
  return measure(at, { what, rows, name }, async () => {
    await at.post(`tasks/${name}/resume`);
    return at.waitForTask(name, ({ account }) => account.records >= rows);
  });
}

/** One backlog whose rows belong to so many folders, all of them open at once. */
export async function runPartitions(
  at: Installation,
  rows: number,
  partitions: number,
): Promise<Run> {
  const [table, name] = ["partitions", "bench-folders"];
  const hourMs = 3_600_000;
  const firstMs = Date.UTC(2026, 0, 1);
  await preparePaused(
    at,
    {
      ...{ table, name, prefix: "bench-folders/$yyyy/$MM/$dd/$HH" },
      ...{ eventTime: { column: "created_ms", format: "Unix" }, flush: { seconds: 30 } },
    },
    { from: 0, to: rows, createdMsOf: (row) => firstMs + (row % partitions) * hourMs },
  );
  return measure(at, { what: `${partitions} open partitions`, rows, name }, async () => {
    await at.post(`tasks/${name}/resume`);
    return at.waitForTask(name, ({ account }) => account.records >= rows);
  });
}

async function preparePaused(
  at: Installation,
  task: { readonly name: string; readonly table: string } & Record<string, unknown>,
  rows: Rows,
): Promise<void> {
  await createSampleTable(at.tablestore, task.table);
  await at.createTask({ ...task, mode: "incremental" });
  await at.waitForTask(task.name, ({ progress }) => progress.stage === "incremental");
  await at.post(`tasks/${task.name}/pause`);
  await at.waitForTask(task.name, ({ status }) => status.label === "Paused");
  await fillTable(at.tablestore, task.table, rows);
}

async function measure(
  at: Installation,
  { what, rows, name }: { readonly what: string; readonly rows: number; readonly name: string },
  deliver: (name: string) => Promise<TaskSeen>,
): Promise<Run> {
  const before = at.usage();
  const began = performance.now();
  const { account } = await deliver(name);
  const seconds = (performance.now() - began) / 1000;
  const after = at.usage();
  if (account.rows !== rows) throw new Error(`${what}: ${account.rows} rows of ${rows} arrived`);
  const over = (figure: (part: string, usage: Usage) => number) =>
    Object.fromEntries(Object.entries(after).map(([part, usage]) => [part, figure(part, usage)]));
  return {
    ...{ what, rows, seconds, objects: account.objects },
    cpuSeconds: over((part, { cpuSeconds }) => cpuSeconds - (before[part]?.cpuSeconds ?? 0)),
    peakMb: over((_, { peakMb }) => peakMb),
  };
}
