import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskBody } from "@/lib/contracts/task-body";
import { withDatabase } from "@/lib/db/testing/test-database";
import { deleteTask } from "@/lib/services/delete-task";
import { pauseTask, resumeTask } from "@/lib/services/pause-task";
import { updateTask } from "@/lib/services/update-task";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig, type WorkerProcess } from "./testing/delivery-rig";
import {
  createTable,
  ids,
  listObjects,
  viewTask,
  waitForRecords,
  write,
} from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const given = withDatabase();
let rig: Rig;
let worker: WorkerProcess;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  worker = rig.startWorker();
});
afterAll(() => rig.close());

const rowsOf = (prefix: string, count: number, values: Record<string, unknown> = {}) =>
  ids(prefix, count).map((id) => ({ id, values: { v: int64(1), ...values } }));

describe.concurrent("the modes", () => {
  const initial = 450;
  const create = async (mode: TaskBody["mode"], name: string) => {
    const table = name.replace("-", "_");
    await createTable(rig, table);
    await write(rig, table, rowsOf("old-", initial));
    const task = await rig.createTask({ name, table, mode });
    await write(rig, table, rowsOf("new-", 30));
    await write(rig, table, [{ id: "old-7", type: "UPDATE", values: { v: int64(2) } }]);
    return task;
  };
  const idsOf = async (folder: string) =>
    (await rig.readRows(folder, "id")).map(({ id }) => String(id)).sort();

  it("full: delivers the table as it was at creation, then is completed", async () => {
    const task = await create("full", "mode-full");
    await waitForRecords(rig, task, initial);
    const view = await waitUntil("completed", async () => {
      const seen = await viewTask(rig, "mode-full");
      return seen.status.kind === "completed" && seen;
    });
    expect(view.progress).toMatchObject({ stage: "completed", fullPercent: 100 });
    expect(view.account).toMatchObject({ records: initial, rows: initial });
    expect(await idsOf("mode-full")).toEqual(ids("old-", initial).sort());
    expect(await rig.readRows("mode-full", "DISTINCT v")).toEqual([{ v: 1n }]);
  });

  it("incremental: delivers what is written after creation and nothing else", async () => {
    const task = await create("incremental", "mode-inc");
    await waitForRecords(rig, task, 31);
    expect(await idsOf("mode-inc")).toEqual([...ids("new-", 30), "old-7"].sort());
    expect((await viewTask(rig, "mode-inc")).status.kind).toBe("incremental");
  });

  it("differential: delivers the base data and then every change, in this order", async () => {
    const task = await create("differential", "mode-diff");
    await waitForRecords(rig, task, initial + 31);
    expect(await idsOf("mode-diff")).toEqual(
      [...ids("old-", initial), ...ids("new-", 30), "old-7"].sort(),
    );
    const kinds = (await listObjects(rig.database, task)).map((object) => object.channel_kind);
    expect(kinds.lastIndexOf("base")).toBeLessThan(kinds.indexOf("stream"));
  });
});

describe.concurrent("object keys", () => {
  /** Local date in the zone, as the folder's variables are named. */
  const dateIn = (timeZone: string) => {
    const [year, month, day] = new Intl.DateTimeFormat("en-CA", { timeZone }).format().split("-");
    return { year, month, day };
  };

  it("are as documented under Hive-style folders, by the write time in the task's zone", async () => {
    // Never the date of UTC for more than ten hours a day, and no rule for summer time.
    const timeZone = "Pacific/Kiritimati";
    const prefix = "hive/year=$yyyy/month=$MM/day=$dd";
    await createTable(rig, "keys");
    const task = await rig.createTask({
      ...{ name: "hive-keys", table: "keys", mode: "incremental", prefix, timeZone },
    });
    const before = dateIn(timeZone);
    await write(rig, "keys", [{ id: "a", values: { v: int64(1) } }]);
    const after = dateIn(timeZone);
    await waitForRecords(rig, task, 1);
    const [object] = await listObjects(rig.database, task);
    const keyOf = ({ year, month, day }: typeof before) =>
      `hive/year=${year}/month=${month}/day=${day}/hive-keys_${object?.lane}_hive_year=${year}_month=${month}_day=${day}__1`;
    expect([keyOf(before), keyOf(after)]).toContain(object?.key);
    expect(await rig.listKeys("hive/")).toEqual([object?.key]);
  });

  it("are as documented under ds= folders, by an event time in the task's zone", async () => {
    await createTable(rig, "ds");
    const task = await rig.createTask({
      ...{ name: "ds-keys", table: "ds", mode: "incremental", prefix: "ds=$yyyy$MM$dd" },
      ...{ timeZone: "Asia/Shanghai", eventTime: { column: "at", format: "RFC3339" } },
    });
    await write(rig, "ds", [{ id: "a", values: { at: "2020-08-31T15:59:00Z" } }]);
    await write(rig, "ds", [{ id: "b", values: { at: "2020-08-31T16:00:00Z" } }]);
    await waitForRecords(rig, task, 2);
    const keys = (await listObjects(rig.database, task)).map(({ key, lane }) =>
      key.replace(`_${lane}_`, "_LANE_"),
    );
    expect(keys.sort()).toEqual([
      "ds=20200831/ds-keys_LANE_ds=20200831__1",
      "ds=20200901/ds-keys_LANE_ds=20200901__1",
    ]);
  });
});

describe.concurrent("event times", () => {
  it.each([
    { format: "RFC822", good: "31 Aug 20 16:03 GMT" },
    { format: "RFC850", good: "Monday, 31-Aug-20 16:03:00 GMT" },
    { format: "RFC1123", good: "Mon, 31 Aug 2020 16:03:00 GMT" },
    { format: "RFC3339", good: "2020-08-31T16:03:00+00:00" },
    { format: "Unix", good: "1598889780" },
  ] as const)(
    "$format: names the folder; a row without one goes by its write time and counts dirty",
    async ({ format, good }) => {
      const name = `et-${format.toLowerCase()}`;
      const table = name.replace("-", "_");
      await createTable(rig, table);
      const task = await rig.createTask({
        ...{ name, table, mode: "incremental", prefix: `${name}/$yyyy/$MM/$dd/$HH` },
        eventTime: { column: "at", format },
      });
      await write(rig, table, [
        { id: "good", values: { at: good } },
        { id: "missing", values: { v: int64(1) } },
        { id: "unreadable", values: { at: "yesterday" } },
      ]);
      const account = await waitForRecords(rig, task, 3);
      expect(account).toMatchObject({ records: 3, rows: 3, dirtyRecords: 0, dirtyValues: 2 });
      expect(await rig.readRows(`${name}/2020/08/31/16`, "id")).toEqual([{ id: "good" }]);
      const others = await rig.readRows(`${name}/${new Date().getUTCFullYear()}`, "id");
      expect(others.map(({ id }) => id).sort()).toEqual(["missing", "unreadable"]);
      const dirty = (await readDirty(name)).sort((a, b) =>
        String(a.key) < String(b.key) ? -1 : 1,
      );
      const place = { column: "at", position: expect.stringMatching(/^[0-9a-f]{8}:[0-9a-f]{16}:/) };
      expect(dirty).toEqual([
        expect.objectContaining({
          ...place,
          key: '{"id":"missing"}',
          reason: "event_time_missing",
        }),
        expect.objectContaining({
          ...{ ...place, key: '{"id":"unreadable"}', reason: "event_time_unreadable" },
          value: "yesterday",
        }),
      ]);
    },
  );

  async function readDirty(task: string): Promise<Record<string, unknown>[]> {
    const keys = await rig.listKeys(`_dirty/${task}/`);
    const bodies = await Promise.all(keys.map((key) => rig.store.read(key)));
    const lines = bodies.flatMap((body) =>
      Buffer.from(body ?? [])
        .toString()
        .trim()
        .split("\n"),
    );
    return lines.map((line) => JSON.parse(line));
  }
});

describe.concurrent("flushing", () => {
  it("seals by size without waiting for the flush time (D5)", async () => {
    await createTable(rig, "by_size");
    const task = await rig.createTask({
      ...{ name: "by-size", table: "by_size", mode: "incremental" },
      flush: { seconds: 900, bytes: 1024 * 1024 },
    });
    await write(rig, "by_size", rowsOf("r", 1_000, { pad: "x".repeat(8_000) }));
    const objects = await waitUntil("objects", async () => {
      const found = await listObjects(rig.database, task);
      return found.some(({ published_at }) => published_at !== null) && found;
    });
    expect(new Set(objects.map(({ sealed_by }) => sealed_by))).toEqual(new Set(["size"]));
  });

  it("seals by the clock although no further record comes (D5)", async () => {
    await createTable(rig, "by_age");
    const task = await rig.createTask({ name: "by-age", table: "by_age", mode: "incremental" });
    await waitUntil("a channel", async () => (await viewTask(rig, "by-age")).progress.channels > 0);
    await write(rig, "by_age", rowsOf("r", 1));
    const writtenAtMs = Date.now();
    await waitForRecords(rig, task, 1);
    expect(Date.now() - writtenAtMs).toBeGreaterThan(4_500);
    const objects = await listObjects(rig.database, task);
    expect(objects.map(({ sealed_by }) => sealed_by)).toEqual(["age"]);
  });
});

describe.concurrent("what people change while a task runs", () => {
  it("pause delivers what was read and holds the position; resume misses and doubles nothing", async () => {
    await createTable(rig, "paused");
    const task = await rig.createTask({
      ...{ name: "paused", table: "paused", mode: "incremental", flush: { seconds: 900 } },
    });
    await write(rig, "paused", rowsOf("before-", 40));
    await waitUntil("a channel", async () => (await viewTask(rig, "paused")).progress.channels > 0);
    await worker.waitFor("channel claimed", ({ task: of }) => of === "paused");
    await pauseTask(rig, "paused");
    await waitUntil("paused", async () => (await viewTask(rig, "paused")).status.kind === "paused");
    const atPause = (await viewTask(rig, "paused")).account.records;
    await write(rig, "paused", rowsOf("during-", 40));
    expect((await viewTask(rig, "paused")).account.records).toBe(atPause);
    await updateTask(rig, "paused", { flush: { seconds: 5 } });
    await resumeTask(rig, "paused");
    await waitForRecords(rig, task, 80);
    const delivered = (await rig.readRows("paused", "id")).map(({ id }) => id).sort();
    expect(delivered).toEqual([...ids("before-", 40), ...ids("during-", 40)].sort());
  });

  it("changed settings are taken up at a batch border, without a restart", async () => {
    await createTable(rig, "changed");
    const task = await rig.createTask({
      ...{ name: "changed", table: "changed", mode: "incremental", flush: { seconds: 900 } },
    });
    await write(rig, "changed", rowsOf("one-", 10));
    await worker.waitFor("channel claimed", ({ task: of }) => of === "changed");
    await updateTask(rig, "changed", {
      ...{ flush: { seconds: 5 }, metadataColumns: ["_action"] },
    });
    // What was read before the change goes as it was asked for then.
    await waitForRecords(rig, task, 10);
    await write(rig, "changed", rowsOf("two-", 10));
    await waitForRecords(rig, task, 20);
    const rows = await rig.readRows("changed", "id, _action");
    expect(rows.map(({ id }) => id).sort()).toEqual(
      [...ids("one-", 10), ...ids("two-", 10)].sort(),
    );
    expect(rows.find(({ id }) => id === "two-9")?._action).toBe("put");
  });

  it("a task that is made again under its name and folder overwrites nothing: sequences go on", async () => {
    await createTable(rig, "again");
    await write(rig, "again", rowsOf("r", 20));
    const first = await rig.createTask({ name: "again", table: "again", mode: "full" });
    await waitForRecords(rig, first, 20);
    const keys = await rig.listKeys("again/");
    const etags = await Promise.all(keys.map(async (key) => (await rig.store.head(key))?.etag));
    await deleteTask(rig, "again");
    const isGone = async () =>
      (await rig.database.prisma.task.count({ where: { name: "again" } })) === 0;
    await waitUntil("the task is gone", isGone);
    const second = await rig.createTask({ name: "again", table: "again", mode: "full" });
    await waitForRecords(rig, second, 20);

    expect(await Promise.all(keys.map(async (key) => (await rig.store.head(key))?.etag))).toEqual(
      etags,
    );
    const objects = await listObjects(rig.database, second);
    expect(objects.map(({ sequence }) => sequence)).toEqual(objects.map(() => 2n));
    expect(await rig.readRows("again", "id")).toHaveLength(40);
    await expect(rig.client.call("ListTunnel", { tableName: "again" })).resolves.toMatchObject({
      tunnels: [{ tunnelName: second.tunnelName }],
    });
  });
});
