import { afterAll, beforeAll, expect, it } from "vitest";
import { withDatabase } from "@/lib/db/testing/test-database";
import { systemClock } from "@/lib/platform/clock";
import { operations } from "@/lib/tablestore/operations";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended, waitForError } from "./testing/expect-mended";
import { baseIds, createFilledTable, createProxiedSource, rowsOf } from "./testing/faulty-places";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import { ids, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const hoursMs = 3_600_000;
const given = withDatabase();
let rig: Rig;
let worker: InProcessWorker;
let aheadMs = 0;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  worker = startInProcessWorker(rig, { clock });
});
afterAll(async () => {
  await worker.stop();
  await rig.close();
});

it("a machine whose clock steps, back or ahead, while a batch is open and a retry waits, delivers as before (D5)", async () => {
  const name = "clock-steps";
  const table = await createFilledTable(rig, name);
  const proxy = await createProxiedSource(rig, name);
  let beats = 0;
  proxy.judge(({ url }) => {
    if (url.pathname === operations.Heartbeat.path) beats += 1;
    return null;
  });
  const task = await rig.createTask({ name, table, mode: "differential", sourceId: name });
  await waitForRecords(rig, task, baseIds.length);
  await write(rig, table, rowsOf("back-", 20));
  // The batch is open for five seconds: at least one of the steps falls into them.
  for (let step = 0; step < 5; step += 1) {
    await systemClock.sleep(400);
    aheadMs -= 2 * hoursMs;
  }
  const before = beats;
  await waitForRecords(rig, task, baseIds.length + 20);
  await waitUntil("heartbeats go on", async () => beats > before);
  aheadMs += 24 * hoursMs;
  await proxy.refuse();
  const error = await waitForError(rig, task, "source.unavailable");
  expect(error.nextTryAt).not.toBeNull();
  aheadMs -= 24 * hoursMs;
  await proxy.accept();
  await write(rig, table, rowsOf("last-", 20));
  await expectMended(rig, task, [...baseIds, ...ids("back-", 20), ...ids("last-", 20)]);
  await proxy.close();
});
