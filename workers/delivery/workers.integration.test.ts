import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig } from "./testing/delivery-rig";
import { createTable, ids, listObjects, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const given = withDatabase();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
});
/** One test's channels are no part of the next one's even share. */
afterEach(async () => {
  await rig.killWorkers();
  await rig.database.prisma.task.updateMany({ data: { desiredState: "paused" } });
});
afterAll(() => rig.close());

type Held = { readonly owner: string | null; readonly epoch: bigint; readonly lane: number };

const channelsOf = (task: StoredTask) => rig.database.prisma.$queryRaw<Held[]>`
  SELECT owner, epoch, lane FROM channel WHERE task_id = ${task.id}::uuid AND drained_at IS NULL
  ORDER BY lane`;

async function createStream(name: string, flushSeconds: number): Promise<StoredTask> {
  const table = name.replaceAll("-", "_");
  await createTable(rig, table);
  return rig.createTask({ name, table, mode: "incremental", flush: { seconds: flushSeconds } });
}

const writeRows = (task: StoredTask, prefix: string, count: number) =>
  write(
    rig,
    task.settings.table,
    ids(prefix, count).map((id) => ({ id, values: { v: int64(1) } })),
  );

const waitForOwners = (task: StoredTask, wanted: (owners: readonly Held[]) => boolean) =>
  waitUntil("owners", async () => {
    const channels = await channelsOf(task);
    return channels.length > 0 && wanted(channels) && channels;
  });

/** That a worker holds open rows is a fact in its memory alone; a few long polls are enough for it. */
const timeToRead = () => new Promise((resolve) => setTimeout(resolve, 1_000));

async function expectDelivered(task: StoredTask, expected: readonly string[]): Promise<void> {
  await waitForRecords(rig, task, expected.length);
  const rows = await rig.readRows(task.settings.prefix, "id");
  expect(rows.map(({ id }) => String(id)).sort()).toEqual([...expected].sort());
}

describe("worker processes", () => {
  it("deliver what they have read and give everything back at SIGTERM", async () => {
    const task = await createStream("terminated", 900);
    const worker = rig.startWorker({ CULVERT_LEASE_MS: "60000" });
    await waitForOwners(task, (channels) => channels.every(({ owner }) => owner !== null));
    await writeRows(task, "r", 60);
    await timeToRead();
    worker.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
    const objects = await listObjects(rig.database, task);
    expect(new Set(objects.map(({ sealed_by }) => sealed_by))).toEqual(new Set(["released"]));
    expect(objects.every(({ published_at }) => published_at !== null)).toBe(true);
    expect((await channelsOf(task)).map(({ owner }) => owner)).toEqual([null, null]);

    // A lease of a minute is not waited for: it ended with the worker.
    const startedAtMs = Date.now();
    const next = rig.startWorker();
    await next.waitFor("channel claimed");
    expect(Date.now() - startedAtMs).toBeLessThan(20_000);
    await expectDelivered(task, ids("r", 60));
    next.kill("SIGTERM");
    await next.ended;
  });

  it("share the channels of one task, and take over a dead worker's in less than 10 s", async () => {
    const task = await createStream("shared", 5);
    const first = rig.startWorker({ CULVERT_LEASE_MS: "5000" });
    const [before] = await waitForOwners(task, (all) => all.every(({ owner }) => owner !== null));
    const second = rig.startWorker({ CULVERT_LEASE_MS: "5000" });
    await waitForOwners(task, (all) => new Set(all.map(({ owner }) => owner)).size === 2);
    await writeRows(task, "both-", 60);
    await waitForRecords(rig, task, 60);

    first.kill("SIGKILL");
    const killedAtMs = Date.now();
    await writeRows(task, "after-", 60);
    const [alive] = [...new Set((await channelsOf(task)).map(({ owner }) => owner))].filter(
      (owner) => owner !== before?.owner,
    );
    await waitForOwners(task, (all) => all.every(({ owner }) => owner === alive));
    expect(Date.now() - killedAtMs).toBeLessThan(10_000);
    await expectDelivered(task, [...ids("both-", 60), ...ids("after-", 60)]);
    second.kill("SIGTERM");
    await second.ended;
  });

  it("do no harm when they wake after their lease has ended (D6)", async () => {
    const task = await createStream("zombie", 5);
    const zombie = rig.startWorker({ CULVERT_LEASE_MS: "1500" });
    await waitForOwners(task, (channels) => channels.every(({ owner }) => owner !== null));
    await writeRows(task, "early-", 60);
    await zombie.waitFor("channel claimed", (event) => event.task === "zombie");
    await timeToRead();
    zombie.kill("SIGSTOP");
    const claimed = await channelsOf(task);
    const heir = rig.startWorker({ CULVERT_LEASE_MS: "1500" });
    await waitForOwners(task, (channels) =>
      channels.every(({ epoch }, index) => epoch > (claimed[index]?.epoch ?? 0n)),
    );
    await writeRows(task, "late-", 60);
    await waitForRecords(rig, task, 120);
    const keys = await rig.listKeys("zombie/");

    zombie.kill("SIGCONT");
    await zombie.waitFor("lease lost, all channels dropped");
    await expectDelivered(task, [...ids("early-", 60), ...ids("late-", 60)]);
    expect(await rig.listKeys("zombie/")).toEqual(keys);
    // It is a worker like any other again.
    await waitForOwners(task, (all) => new Set(all.map(({ owner }) => owner)).size === 2);
    for (const worker of [zombie, heir]) worker.kill("SIGTERM");
    expect(await Promise.all([zombie.ended, heir.ended])).toEqual([0, 0]);
  });
});
