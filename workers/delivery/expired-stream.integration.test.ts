import { afterAll, beforeAll, expect, it } from "vitest";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { systemClock } from "@/lib/platform/clock";
import { continueTask } from "@/lib/services/continue-task";
import { pauseTask, resumeTask } from "@/lib/services/pause-task";
import { listChannels } from "@/lib/services/task-lists";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended, waitForError } from "./testing/expect-mended";
import { rowsOf } from "./testing/faulty-places";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import { createTable, ids, viewTask, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const expirationMs = 24 * 3_600_000;
const given = withDatabase();
let rig: Rig;
let worker: InProcessWorker;
let aheadMs = 0;

beforeAll(async () => {
  const sourceClock = {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    // The table store trims in the pauses of its own rhythm.
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 200), signal),
  };
  rig = await startRig({ database: given.database(), url: given.url(), sourceClock });
  worker = startInProcessWorker(rig);
});
afterAll(async () => {
  await worker.stop();
  await rig.close();
});

/** Paused for so long that what is written meanwhile is trimmed; what is written last is still there. */
async function sleepThrough(task: StoredTask, round: number): Promise<void> {
  const { name, table } = task.settings;
  await pauseTask(rig, name);
  await waitUntil("paused", async () => (await viewTask(rig, name)).status.kind === "paused");
  await write(rig, table, rowsOf(`lost-${round}-`, 20));
  aheadMs += expirationMs + 60_000;
  await write(rig, table, rowsOf(`kept-${round}-`, 20));
  await waitUntil("trimmed", async () => {
    const { tunnelName } = task;
    const { tunnel } = await rig.client.call("DescribeTunnel", { tableName: table, tunnelName });
    return tunnel.expired;
  });
  await resumeTask(rig, name);
}

const gapsOf = async (task: StoredTask) =>
  (await listChannels(rig.database, task.settings.name, { limit: 100 })).items.flatMap(
    ({ gaps }) => gaps,
  );

it("OTSTunnelExpired: skips nothing by itself; asked to, goes on from the oldest readable record and keeps the gap (D1, D2)", async () => {
  await createTable(rig, "expired");
  const task = await rig.createTask({ name: "expired", table: "expired", mode: "incremental" });
  await write(rig, "expired", rowsOf("early-", 20));
  await waitForRecords(rig, task, 20);
  await expect(continueTask(rig, "expired")).rejects.toMatchObject({ code: "resource.conflict" });

  await sleepThrough(task, 1);
  const error = await waitForError(rig, task, "source.tunnel_expired");
  expect(error).toMatchObject({ documentedName: "OTSTunnelExpired", fault: "user" });
  expect((await viewTask(rig, "expired")).status.kind).toBe("expired");
  expect(await gapsOf(task)).toEqual([]);

  await continueTask(rig, "expired");
  await expectMended(rig, task, [...ids("early-", 20), ...ids("kept-1-", 20)]);
  const gaps = await gapsOf(task);
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.every(({ after }) => after !== null)).toBe(true);

  // What was agreed to once is not agreed to for ever.
  await sleepThrough(task, 2);
  await waitForError(rig, task, "source.tunnel_expired");
  expect(await gapsOf(task)).toEqual(gaps);
  await continueTask(rig, "expired");
  await expectMended(
    rig,
    task,
    ["early-", "kept-1-", "kept-2-"].flatMap((one) => ids(one, 20)),
  );
});
