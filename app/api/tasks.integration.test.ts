import { beforeAll, describe, expect, it } from "vitest";
import { problemDocumentSchema } from "@/lib/contracts/problem-document";
import { taskPageSchema, taskViewSchema } from "@/lib/contracts/task-view";
import { getTaskByName } from "@/lib/db/tasks";
import { createTask } from "@/lib/services/create-task";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { callRoute } from "./testing/call-route";
import { narrowKey, withInstallation } from "./testing/installation";

const installation = withInstallation();

const call = (method: string, path: string, body?: unknown) =>
  callRoute(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

const task = (name: string, more: object = {}) => ({
  name,
  sourceId: "embedded",
  table: "orders",
  destinationId: "embedded",
  prefix: "orders/year=$yyyy/month=$MM",
  mode: "differential",
  schema: { kind: "auto" },
  ...more,
});

/** The table's tunnels, as the source knows them. */
async function tunnelNames(table = "orders"): Promise<string[]> {
  const { TablestoreClient } = await import("@/lib/tablestore/client");
  const { systemClock } = await import("@/lib/platform/clock");
  const client = new TablestoreClient({
    ...installation().credentials.tablestore,
    instance: "culvert",
    clock: systemClock,
    random: Math.random,
    timeoutMs: 5_000,
    retryTotalMs: 0,
  });
  try {
    const { tunnels } = await client.call("ListTunnel", { tableName: table });
    return tunnels.flatMap(({ tunnelName }) => tunnelName ?? []);
  } finally {
    client.close();
  }
}

async function makeTable(name: string): Promise<void> {
  await installation().tables("createTable", {
    tableMeta: { tableName: name, primaryKey: [{ name: "id", type: "INTEGER" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
  });
}

async function putRow(table: string, id: number, attributes: object[]): Promise<void> {
  const { sdk } = await import("@/workers/tablestore/testing/official-sdk");
  await installation().tables("putRow", {
    tableName: table,
    condition: new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null),
    primaryKey: [{ id: int64(id) }],
    attributeColumns: attributes,
  });
}

beforeAll(async () => {
  await makeTable("orders");
  await putRow("orders", 1, [{ city: "Oslo" }, { total: 2.5 }, { at: "2020-08-31T16:03:00Z" }]);
  await putRow("orders", 2, [{ city: "Rome" }, { paid: true }, { total: "much" }]);
});

describe("create", () => {
  it("answers 201 with the whole task, its defaults and schema version 1, when the tunnel stands", async () => {
    const answer = await call("POST", "/tasks", task("orders"));
    expect(answer.status).toBe(201);
    const view = taskViewSchema.parse(answer.body);
    expect(view).toMatchObject({
      name: "orders",
      bucket: "culvert-demo",
      timeZone: "UTC",
      flush: { seconds: 120, bytes: 134_217_728 },
      dirtyPrefix: "_dirty/orders/",
      compression: "uncompressed",
      objectSuffix: "",
      metadataColumns: [],
      eventTime: null,
      thresholds: { lateAfterSeconds: 600 },
      status: { kind: "initialising" },
      progress: { stage: "initialising", fullPercent: null },
      account: { records: 0, rows: 0, objects: 0 },
      errors: [],
      schemaVersions: 1,
    });
    expect(view.currentSchema.columns.map(({ name, type }) => [name, type])).toEqual([
      ["id", "INT64"],
      ["at", "UTF8"],
      ["city", "UTF8"],
      ["total", "DOUBLE"],
      ["paid", "BOOLEAN"],
    ]);
    const stored = await getTaskByName(installation().services.database, "orders");
    expect(await tunnelNames()).toContain(stored?.tunnelName);
    expect(stored?.streamExpirationHours).toBeGreaterThan(0);
  });

  it("keeps a threshold that the body names", async () => {
    const thresholds = { lateAfterSeconds: 45 };
    const answer = await call("POST", "/tasks", task("early", { mode: "full", thresholds }));
    expect(answer.body.thresholds).toEqual(thresholds);
    const stored = await getTaskByName(installation().services.database, "early");
    expect(stored?.streamExpirationHours).toBe(null);
  });

  it("answers 409 for a taken name alone, naming the field", async () => {
    const before = await tunnelNames();
    const answer = await call("POST", "/tasks", task("orders"));
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: "task.name_taken", errors: [{ field: "name" }] });
    expect(await tunnelNames()).toEqual(before);
  });

  it("of two that race for a name makes one, and the other leaves no tunnel behind", async () => {
    const { services } = installation();
    const outcomes = await Promise.allSettled([
      createTask(services, task("race")),
      createTask(services, task("race")),
    ]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const stored = await getTaskByName(services.database, "race");
    const tasks = await services.database.prisma.task.findMany();
    expect((await tunnelNames()).toSorted()).toEqual(tasks.map((row) => row.tunnelName).toSorted());
    expect(await tunnelNames()).toContain(stored?.tunnelName);
  });

  it("names every problem at once: shape, rules, time, mapping, table, name and bucket", async () => {
    await call("POST", "/destinations", {
      id: "nowhere",
      ...installation().credentials.objectStore,
      bucket: "not-there",
    });
    const answer = await call(
      "POST",
      "/tasks",
      task("A", {
        destinationId: "nowhere",
        prefix: "/orders/$YYYY",
        timeZone: "Mars/Olympus",
        dirtyPrefix: "dirty/$dd",
        eventTime: { column: "id", format: "RFC3339" },
        flush: { seconds: 1 },
        compression: "gzip",
        nonsense: 1,
        schema: {
          kind: "manual",
          columns: [
            { source: "id", name: "id", type: "UTF8" },
            { source: "city", name: "ID", type: "UTF8", encoding: "DELTA_BINARY_PACKED" },
          ],
        },
      }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("request.invalid");
    const fields = new Set(answer.body.errors.map(({ field }: { field: string }) => field));
    expect([...fields].toSorted()).toEqual(
      [
        "compression",
        "destinationId",
        "dirtyPrefix",
        "eventTime.format",
        "flush.seconds",
        "name",
        "nonsense",
        "prefix",
        "schema.columns[0].type",
        "schema.columns[1].encoding",
        "schema.columns[1].name",
        "timeZone",
      ].toSorted(),
    );
    expect(await getTaskByName(installation().services.database, "A")).toBe(null);
  });

  const credentialsOf = () => installation().credentials.objectStore;
  it.each([
    [
      "a missing bucket",
      () => ({ bucket: "not-there" }),
      "destination.bucket_missing",
      "InvalidOssBucket",
    ],
    [
      "a wrong secret",
      () => ({ secretAccessKey: "wrong-secret" }),
      "destination.credentials_invalid",
      "UnAuthorized",
    ],
    ["a bucket it may not touch", () => narrowKey, "destination.access_denied", "UnAuthorized"],
  ])(
    "refuses %s with its documented name, and makes nothing",
    async (label, broken, code, documented) => {
      const id = `bad-${label.replaceAll(" ", "-")}`;
      const made = await call("POST", "/destinations", {
        id,
        ...credentialsOf(),
        bucket: "culvert-demo",
        ...broken(),
      });
      expect(made.status).toBe(201);
      const tunnels = await tunnelNames();
      const answer = await call("POST", "/tasks", task("wrong", { destinationId: id }));
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code, documentedName: documented });
      expect(answer.body.errors).toEqual([
        { field: "destinationId", message: expect.stringContaining(documented) },
      ]);
      expect(answer.text).not.toContain(credentialsOf().secretAccessKey);
      expect(await tunnelNames()).toEqual(tunnels);
      expect((await call("GET", "/tasks/wrong")).status).toBe(404);
    },
  );

  it("refuses a table, a source and a destination that do not exist, each on its field", async () => {
    const answer = await call(
      "POST",
      "/tasks",
      task("nothing", { table: "no-such", destinationId: "no-such" }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "table",
      "destinationId",
    ]);
    const table = await call("POST", "/tasks", task("nothing", { table: "no-such" }));
    expect(table.body).toMatchObject({
      code: "source.table_missing",
      errors: [{ field: "table" }],
    });
    const source = await call("POST", "/tasks", task("nothing", { sourceId: "no-such" }));
    expect(source.body).toMatchObject({ code: "request.invalid", errors: [{ field: "sourceId" }] });
  });

  it("says 503 when all that is wrong is a source that does not answer", async () => {
    await call("POST", "/sources", {
      id: "away",
      endpoint: "http://127.0.0.1:1",
      instance: "culvert",
      accessKeyId: "key",
      accessKeySecret: "secret-secret",
    });
    const answer = await call("POST", "/tasks", task("waiting", { sourceId: "away" }));
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      code: "source.unavailable",
      errors: [{ field: "sourceId" }],
    });
  });
});

describe("a task", () => {
  it("is listed newest first, page by page, with the exact total", async () => {
    const first = taskPageSchema.parse((await call("GET", "/tasks?limit=1")).body);
    expect(first).toMatchObject({ items: [{ name: "race" }], total: 3 });
    const cursor = encodeURIComponent(first.nextCursor ?? "");
    const second = taskPageSchema.parse(
      (await call("GET", `/tasks?limit=2&cursor=${cursor}`)).body,
    );
    expect(second).toMatchObject({ items: [{ name: "early" }, { name: "orders" }], total: 3 });
    expect(second.nextCursor).toBe(null);
    const found = taskPageSchema.parse((await call("GET", "/tasks?search=rac")).body);
    expect(found).toMatchObject({ items: [{ name: "race" }], total: 1 });
    for (const query of ["limit=0", "limit=x", "cursor=x", "sort=name", "withError=maybe"]) {
      const answer = await call("GET", `/tasks?${query}`);
      expect(answer.status, query).toBe(422);
      expect(answer.body.errors[0].field).toBe(query.split("=")[0]);
    }
  });

  it("changes what may change, keeps what is not named, and refuses the rest by field", async () => {
    const changed = await call("PATCH", "/tasks/orders", {
      flush: { seconds: 5 },
      compression: "zstd",
      dirtyPrefix: null,
      metadataColumns: ["_action"],
      thresholds: { lateAfterSeconds: 60 },
    });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      flush: { seconds: 5, bytes: 134_217_728 },
      compression: "zstd",
      dirtyPrefix: null,
      metadataColumns: ["_action"],
      thresholds: { lateAfterSeconds: 60 },
      schemaVersions: 2,
      currentSchema: { version: 2, metadataColumns: ["_action"] },
    });
    const refused = await call("PATCH", "/tasks/orders", {
      name: "other",
      prefix: "p",
      mode: "full",
      timeZone: "UTC",
      sourceId: "s",
      destinationId: "d",
      dirtyPrefix: "orders/year=2020",
      schema: { kind: "manual", columns: [{ source: "id", name: "year", type: "INT64" }] },
    });
    expect(refused.status).toBe(422);
    const fields = new Set(refused.body.errors.map(({ field }: { field: string }) => field));
    expect([...fields].toSorted()).toEqual(
      [
        "destinationId",
        "dirtyPrefix",
        "mode",
        "name",
        "prefix",
        "schema.columns[0].name",
        "sourceId",
        "timeZone",
      ].toSorted(),
    );
  });

  it("gets a new schema version for a new mapping, and none for the same one again", async () => {
    const schema = {
      kind: "manual",
      columns: [{ source: "city", name: "town", type: "UTF8", encoding: "PLAIN" }],
    };
    const changed = await call("PATCH", "/tasks/race", { schema });
    expect(changed.body).toMatchObject({
      schema,
      schemaVersions: 2,
      currentSchema: { version: 2 },
    });
    const again = await call("PATCH", "/tasks/race", { schema });
    expect(again.body.schemaVersions).toBe(2);
  });

  it("is not let go on behind a gap that is not there", async () => {
    const answer = await call("POST", "/tasks/race/continue");
    expect(answer.status).toBe(409);
    const problem = problemDocumentSchema.parse(answer.body);
    expect(problem).toMatchObject({ code: "resource.conflict" });
    expect(problem.cause).toContain("nothing to skip");
  });

  it("pauses and resumes, as often as asked", async () => {
    for (const _ of [1, 2]) {
      const paused = await call("POST", "/tasks/race/pause");
      expect(paused.body).toMatchObject({ desiredState: "paused", status: { kind: "paused" } });
    }
    for (const _ of [1, 2]) {
      const resumed = await call("POST", "/tasks/race/resume");
      expect(resumed.body).toMatchObject({ desiredState: "running" });
    }
  });

  it("is not deleted while it initialises, and is once its first channel was open", async () => {
    const refused = await call("DELETE", "/tasks/race");
    expect(refused.status).toBe(409);
    expect(refused.body.code).toBe("task.initialising");
    const { prisma } = installation().services.database;
    const { id } = await prisma.task.findUniqueOrThrow({ where: { name: "race" } });
    await prisma.taskFacts.update({ where: { taskId: id }, data: { initialisedAt: new Date() } });
    expect((await call("DELETE", "/tasks/race")).status).toBe(204);
    expect((await call("DELETE", "/tasks/race")).status).toBe(204);
    expect((await call("GET", "/tasks/race")).body.status.kind).toBe("deleting");
    const late = await call("POST", "/tasks/race/resume");
    expect(late).toMatchObject({ status: 409, body: { code: "resource.conflict" } });
  });

  it.each(["objects", "dirty", "channels"])(
    "lists no %s before anything was delivered",
    async (list) => {
      const answer = await call("GET", `/tasks/orders/${list}`);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ items: [], nextCursor: null, total: 0 });
    },
  );

  it.each(["hive", "spark", "dla", "trino", "duckdb", "clickhouse"])(
    "shows the statement for %s",
    async (dialect) => {
      const answer = await call("GET", `/tasks/orders/ddl?dialect=${dialect}`);
      expect(answer.status).toBe(200);
      expect(answer.body.dialect).toBe(dialect);
      expect(answer.body.statement).toMatch(/create/i);
      expect(answer.body.statement).toContain("culvert-demo");
      // DuckDB reads the columns from the objects.
      if (dialect !== "duckdb") expect(answer.body.statement).toContain("city");
    },
  );

  it("that does not exist is 404 at each of its addresses", async () => {
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/pause"],
      ["POST", "/resume"],
      ["POST", "/continue"],
      ["GET", "/objects"],
      ["GET", "/dirty"],
      ["GET", "/channels"],
      ["GET", "/ddl"],
    ] as const) {
      const answer = await call(method, `/tasks/none${path}`);
      expect(answer.status, `${method} ${path}`).toBe(404);
      expect(problemDocumentSchema.parse(answer.body).code).toBe("task.not_found");
    }
  });
});

describe("preview", () => {
  it("shows rows through the mapping, the key, dirty values and warnings, and makes nothing", async () => {
    const tunnels = await tunnelNames();
    const answer = await call("POST", "/tasks/preview", {
      name: "orders-2",
      sourceId: "embedded",
      table: "orders",
      prefix: "orders/$yyyy/$MM/$dd/$HH/$mm",
      timeZone: "Asia/Shanghai",
      eventTime: { column: "at", format: "RFC3339" },
      schema: {
        kind: "manual",
        columns: [
          { source: "id", name: "id", type: "INT64" },
          { source: "total", name: "sum", type: "DOUBLE" },
          { source: "city", name: "town", type: "UTF8" },
        ],
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      exampleObjectKey: "orders/2020/09/01/00/03/orders-2_0_orders_2020_09_01_00_03__1",
      rows: [
        ["1", 2.5, "Oslo"],
        ["2", null, "Rome"],
      ],
      sampledRows: 2,
      dirtyValues: [
        {
          row: 1,
          column: "total",
          reason: "type_mismatch",
          expected: "DOUBLE",
          actual: "string",
          value: "much",
        },
      ],
    });
    const warned = answer.body.warnings.map(({ field }: { field: string }) => field);
    expect(warned).toContain("prefix");
    expect(await tunnelNames()).toEqual(tunnels);
  });

  it("does with a source and a table, and refuses what is wrong by field", async () => {
    const least = await call("POST", "/tasks/preview", { sourceId: "embedded", table: "orders" });
    expect(least.body).toMatchObject({ exampleObjectKey: null, schema: { kind: "auto" } });
    const wrong = await call("POST", "/tasks/preview", {
      sourceId: "embedded",
      table: "none",
      name: "X",
    });
    expect(wrong.status).toBe(422);
    expect(new Set(wrong.body.errors.map(({ field }: { field: string }) => field))).toEqual(
      new Set(["name", "table"]),
    );
  });
});
