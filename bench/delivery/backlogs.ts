import type { Installation, TaskSeen } from "./installation";
import { startPolls } from "./polls";
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
  /** Requests to the console that were answered meanwhile, where some were asked for. */
  readonly pollsAnswered?: number;
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

/** An instance of the table store has 64 tables; a table may have ten tunnels. */
const tablesMax = 50;

/** The same number of rows, spread over so many tasks, each with a tunnel of its own. */
export async function runTasks(at: Installation, rows: number, tasks: number): Promise<Run> {
  const rowsEach = Math.ceil(rows / tasks);
  const names = Array.from({ length: tasks }, (_, index) => `bench-task-${index}`);
  const tables = names.slice(0, tablesMax).map((name) => name.replaceAll("-", "_"));
  for (const table of tables) await createSampleTable(at.tablestore, table);
  for (const [index, name] of names.entries()) {
    const table = tables[index % tables.length] ?? "";
    await createPaused(at, { name, table, flush: { seconds: 5 } });
  }
  for (const table of tables) await fillTable(at.tablestore, table, { from: 0, to: rowsEach });
  const { channels } = (await at.getTask("bench-task-0")).progress;
  const what = `${tasks} tasks with ${channels} channels each`;
  return measure(at, { what, rows: rowsEach * tasks, name: names[0] ?? "" }, async () => {
    for (const name of names) await at.post(`tasks/${name}/resume`);
    return sumOf(await at.waitForTasks(({ account }) => account.records >= rowsEach));
  });
}

/**
 * The same backlog with the console left alone and with people looking: `pollsPerMinute` requests
 * for the list of tasks and the task, evenly spread, the two in turns.
 */
export async function runPolled(
  at: Installation,
  rows: number,
  { pollsPerMinute, round }: { readonly pollsPerMinute: number; readonly round: number },
): Promise<Run> {
  const table = `polled_${pollsPerMinute}_${round}`;
  const name = `bench-${pollsPerMinute}-${round}`;
  await preparePaused(at, { table, name, flush: { seconds: 5 } }, { from: 0, to: rows });
  const what = `${pollsPerMinute} polls a minute, round ${round}`;
  let answered = 0;
  const run = await measure(at, { what, rows, name }, async () => {
    const polls = startPolls(at, ["tasks", `tasks/${name}`], pollsPerMinute);
    await at.post(`tasks/${name}/resume`);
    const task = await at.waitForTask(name, ({ account }) => account.records >= rows);
    answered = await polls.stop();
    return task;
  });
  return { ...run, pollsAnswered: answered };
}

function sumOf(tasks: readonly TaskSeen[]): Pick<TaskSeen, "account"> {
  const over = (field: keyof TaskSeen["account"]) =>
    tasks.reduce((sum, { account }) => sum + account[field], 0);
  return { account: { records: over("records"), rows: over("rows"), objects: over("objects") } };
}

type Prepared = { readonly name: string; readonly table: string } & Record<string, unknown>;

async function preparePaused(at: Installation, task: Prepared, rows: Rows): Promise<void> {
  await createSampleTable(at.tablestore, task.table);
  await createPaused(at, task);
  await fillTable(at.tablestore, task.table, rows);
}

/** A task that gets its tunnel before there is anything in it. */
async function createPaused(at: Installation, task: Prepared): Promise<void> {
  await at.createTask({ ...task, mode: "incremental" });
  await at.waitForTask(task.name, ({ progress }) => progress.stage === "incremental");
  await at.post(`tasks/${task.name}/pause`);
  await at.waitForTask(task.name, ({ status }) => status.label === "Paused");
}

async function measure(
  at: Installation,
  { what, rows, name }: { readonly what: string; readonly rows: number; readonly name: string },
  deliver: (name: string) => Promise<Pick<TaskSeen, "account">>,
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
