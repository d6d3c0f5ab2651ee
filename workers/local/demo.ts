import { parseArgs } from "node:util";
import { embeddedInstance } from "@/lib/contracts/credentials-file";
import { systemClock } from "@/lib/platform/clock";
import { watchProcessEnd } from "@/lib/platform/process-end";
import { homeDirectory, readCredentials } from "./credentials";
import { type DemoTable, openDemoTable, tableName } from "./demo-table";
import { type DemoTask, openDemoTask, taskName } from "./demo-task";

const watchEveryMs = 1_000;
const afterTroubleMs = 1_000;

/**
 * The sample of `npm run demo`: a table with live writes and one task, through the SDK and the REST
 * API only. Safe to start again: what is there stays, and writing goes on.
 */
async function main(): Promise<void> {
  const end = watchProcessEnd();
  const { rows, rate } = readOptions();
  const credentials = readCredentials(homeDirectory());
  if (credentials === null) throw new Error("There are no credentials; start with npm run demo.");
  const instance = process.env.TABLESTORE_INSTANCE ?? embeddedInstance;
  const table = openDemoTable(credentials.tablestore, instance, {
    now: Date.now,
    random: Math.random,
  });
  const task = openDemoTask(credentials.console);

  await table.create();
  const written = await table.fill(rows);
  console.log(
    `Table ${tableName}: ${written === 0 ? "all" : written} of ${rows} initial rows ${written === 0 ? "are there" : "written"}`,
  );
  const isNew = await task.create();
  console.log(
    `Task ${taskName} ${isNew ? "made" : "goes on"}: ${credentials.console.endpoint}/tasks/${taskName}`,
  );
  if (!isNew) await task.skipPresent();
  if (rate > 0) console.log(`Writing ${rate} changes per second`);
  await Promise.all([writeLive(table, rate, end), reportObjects(task, end)]);
}

function readOptions(): { rows: number; rate: number } {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "1000" },
      rate: { type: "string", default: "5" },
    },
  });
  return { rows: Number(values.rows), rate: Number(values.rate) };
}

/** Keeps to the rate on average: a write that took long is followed by ones without a pause. */
async function writeLive(table: DemoTable, rate: number, end: AbortSignal): Promise<void> {
  if (rate === 0) return;
  let next = systemClock.monotonic();
  await untilEnd("Writing", end, async () => {
    await table.writeOne();
    next = Math.max(next + 1000 / rate, systemClock.monotonic() - 1000);
    await systemClock.sleep(Math.max(0, next - systemClock.monotonic()), end);
  });
}

async function reportObjects(task: DemoTask, end: AbortSignal): Promise<void> {
  await untilEnd("Watching", end, async () => {
    for (const { bucket, key, rows, bytes } of await task.newObjects()) {
      console.log(`Delivered ${rows} rows, ${bytes} bytes: s3://${bucket}/${key}`);
    }
    await systemClock.sleep(watchEveryMs, end);
  });
}

/** Parts come and go (they are restarted when they die); a sample that gave up would show nothing. */
async function untilEnd(doing: string, end: AbortSignal, step: () => Promise<void>): Promise<void> {
  let trouble = "";
  while (!end.aborted) {
    try {
      await step();
      trouble = "";
    } catch (error) {
      const { message } = error as Error;
      if (message !== trouble) console.log(`${doing}: ${message}; trying again`);
      trouble = message;
      await systemClock.sleep(afterTroubleMs, end);
    }
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
