import { beforeAll, describe, expect, it } from "vitest";
import { channelPageSchema, dirtyPageSchema, objectPageSchema } from "@/lib/contracts/task-lists";
import { taskPageSchema, taskViewSchema } from "@/lib/contracts/task-view";
import { AppError } from "@/lib/core/error";
import type { TableSource } from "@/lib/core/ports/table-source";
import { createLedger } from "@/lib/db/ledger";
import {
  decidedBatch,
  decidedObject,
  recordCounts,
  seedTask,
  taskSettings,
} from "@/lib/db/testing/seed";
import { createTask } from "@/lib/services/create-task";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
const workerId = "worker-1";

const call = (method: string, path: string) =>
  callRoute(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
  });

/** A task as a worker leaves it: one batch published, one decided, dirty values, an error. */
beforeAll(async () => {
  const { database } = installation().services;
  const ledger = createLedger(database, { host: "test" });
  const task = await seedTask(database, { name: "delivered", prefix: "d/$yyyy/$MM" });
  await ledger.renewWorker({ workerId, leaseMs: 60_000 });
  await ledger.holdTasks({ workerId, limit: 10 });
  await ledger.addChannels({
    taskId: task.id,
    channels: [{ channelId: "c-1", kind: "stream", checkpoint: "position-0", sequenceNumber: 1n }],
  });
  const facts = { stage: "stream", initialisedAt: new Date() } as const;
  await ledger.saveTaskFacts({ workerId, taskId: task.id, facts });
  const [lease] = await ledger.claimChannels({ workerId, limit: 10 });
  for (const number of [1, 2]) {
    const partition = `d/2026/0${number}`;
    const stem = `${partition}/delivered_0_d_2026_0${number}__`;
    const rows = decidedObject({ partition, stem, key: `${stem}1`, rows: 10, bytes: 500 });
    const dirty = decidedObject({
      kind: "dirty",
      partition: "_dirty/delivered",
      stem: "_dirty/delivered/delivered_0__",
      key: `_dirty/delivered/delivered_0__${number}.ndjson`,
      sequence: number,
      rows: 3,
      bytes: 70,
    });
    const counts = recordCounts({
      rows: 10,
      deletesIgnored: 2,
      dirtyRecords: 1,
      dirtyValues: 3,
      lastWrittenAtMs: Date.parse("2026-01-01T00:00:00Z"),
    });
    const batch = decidedBatch(number, { objects: [rows, dirty], counts });
    const sample = {
      column: "total",
      reason: "type_mismatch",
      expected: "DOUBLE",
      actual: "string",
      value: "much",
      key: '{"id":7}',
      position: `${number}`,
    } as const;
    await ledger.decide({ lease: lease!, batch, dirtySamples: [sample] });
    if (number === 1) {
      const objectIds = batch.objects.map(({ objectId }) => objectId);
      await ledger.markPublished({ channelKey: lease!.channelKey, batchNumber: 1, objectIds });
    }
  }
  const error = {
    code: "destination.bucket_missing",
    details: { bucket: "culvert-demo" },
    attempt: 4,
    nextTryAt: new Date(Date.now() + 60_000),
  } as const;
  await ledger.saveChannelError({ lease: lease!, error });
});

describe("a task that delivers", () => {
  it("has an account that balances, and the standing error with its documented name", async () => {
    const view = taskViewSchema.parse((await call("GET", "/tasks/delivered")).body);
    const { records, rows, deletesIgnored, dirtyRecords } = view.account;
    expect(records).toBe(rows + deletesIgnored + dirtyRecords);
    expect(view.account).toMatchObject({
      records: 26,
      rows: 20,
      dirtyValues: 6,
      objects: 2,
      bytes: 1000,
    });
    expect(view.status).toMatchObject({ kind: "action_required", tone: "bad" });
    expect(view.errors).toEqual([
      expect.objectContaining({
        code: "destination.bucket_missing",
        documentedName: "InvalidOssBucket",
        cause: "The store has no bucket culvert-demo.",
        attempt: 4,
        channels: 1,
      }),
    ]);
    expect(view.progress).toMatchObject({ stage: "incremental", channels: 1, channelsFinished: 0 });
    expect(view.lastDeliveredAt).not.toBe(null);
  });

  it("is found among those with an error, and not among those without", async () => {
    const count = async (query: string) =>
      taskPageSchema.parse((await call("GET", `/tasks?${query}`)).body).total;
    expect(await count("withError=true")).toBe(1);
    expect(await count("withError=false")).toBe(0);
    expect(await count("desiredState=running")).toBe(1);
  });

  it("lists its objects newest first, by kind, published or not, with exact totals", async () => {
    const list = async (query: string) =>
      objectPageSchema.parse((await call("GET", `/tasks/delivered/objects?${query}`)).body);
    const rows = await list("kind=rows");
    expect(rows.items.map(({ batchNumber }) => batchNumber)).toEqual([2, 1]);
    expect(rows.items.map(({ publishedAt }) => publishedAt === null)).toEqual([true, false]);
    expect(rows.total).toBe(2);
    expect((await list("kind=dirty")).total).toBe(2);
    const first = await list("limit=3");
    expect(first).toMatchObject({ total: 4 });
    const rest = await list(`limit=3&cursor=${encodeURIComponent(first.nextCursor ?? "")}`);
    expect(rest.items).toHaveLength(1);
    expect(rest.nextCursor).toBe(null);
    const keys = [...first.items, ...rest.items].map(({ key }) => key);
    expect(new Set(keys).size).toBe(4);
  });

  it("lists samples of dirty values beside the exact counts of all", async () => {
    const page = dirtyPageSchema.parse((await call("GET", "/tasks/delivered/dirty")).body);
    expect(page).toMatchObject({
      total: 2,
      dirtyValuesTotal: 6,
      dirtyRecordsTotal: 2,
      samplesAreBounded: true,
    });
    expect(page.items[0]).toMatchObject({
      column: "total",
      value: "much",
      lane: 0,
      channelId: "c-1",
    });
  });

  it("lists its channels with the worker that holds each", async () => {
    const page = channelPageSchema.parse((await call("GET", "/tasks/delivered/channels")).body);
    expect(page.items).toEqual([
      expect.objectContaining({
        channelId: "c-1",
        lane: 0,
        state: "delivering",
        workerId,
        batchNumber: 2,
        records: 26,
      }),
    ]);
  });

  it("names the folders that were published where a reader cannot find them by itself", async () => {
    const { body } = await call("GET", "/tasks/delivered/ddl?dialect=hive");
    expect(body.statement).toContain("d/2026/01");
    expect(body.statement).not.toContain("d/2026/02");
  });
});

describe("create", () => {
  it("leaves no task behind when the tunnel cannot be made, and says so on the table", async () => {
    const { services, tables } = installation();
    await tables("createTable", {
      tableMeta: { tableName: "orders", primaryKey: [{ name: "id", type: "INTEGER" }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    const refusal = new AppError("source.permission_denied", "no", {
      details: { operation: "CreateTunnel" },
    });
    const openSource: typeof services.connections.openSource = (stored) => {
      const source = services.connections.openSource(stored);
      return new Proxy<TableSource>(source, {
        get: (target, name) => {
          if (name === "createTunnel") return () => Promise.reject(refusal);
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    };
    const needs = { ...services, connections: { ...services.connections, openSource } };
    await expect(createTask(needs, taskSettings({ name: "no-tunnel" }))).rejects.toMatchObject({
      code: "source.permission_denied",
      problems: [{ field: "table", message: expect.stringContaining("CreateTunnel") }],
    });
    expect((await call("GET", "/tasks/no-tunnel")).status).toBe(404);
  });
});
