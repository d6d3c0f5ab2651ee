import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateDestination } from "@/lib/db/destinations";
import { withDatabase } from "@/lib/db/testing/test-database";
import { systemClock } from "@/lib/platform/clock";
import { encryptSecret } from "@/lib/platform/secret";
import { createConnections } from "@/lib/services/create-connections";
import { createTask } from "@/lib/services/create-task";
import { getTask } from "@/lib/services/get-task";
import { updateTask } from "@/lib/services/update-task";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { TablestoreError } from "@/lib/tablestore/error-body";
import type { RequestOf } from "@/lib/tablestore/operations";
import { deliveryTaskOperations } from "./operations/delivery-tasks";
import { type DeliveryParts, startDeliveryParts } from "./testing/delivery-parts";
import { startTestServer, type TestServer } from "./testing/start-test-server";
import { connectClient, integer, rowBytes, text } from "./testing/tunnel-reader";

type Request = RequestOf<"CreateDeliveryTask">;
type Config = NonNullable<Request["taskConfig"]>;

const { database, url } = withDatabase();
let parts: DeliveryParts;
let server: TestServer;
let client: TablestoreClient;
let services: Parameters<typeof deliveryTaskOperations>[0];

beforeAll(async () => {
  parts = await startDeliveryParts(database(), url());
  const log = pino({ level: "silent" });
  const connections = createConnections(parts.secretKey);
  services = { database: database(), connections, now: systemClock.now, log };
  server = await startTestServer({
    longPollMs: 100,
    deliveryTasks: (self) => deliveryTaskOperations(services, self),
  });
  client = connectClient(server.port);
  await parts.addSource("embedded", server.port);
  await parts.addSource("elsewhere", server.port + 1);
  await parts.addDestination("bucket-a");
  for (const table of ["orders", "others"]) await createTable(table);
});
afterAll(async () => {
  client?.close();
  await parts?.close();
  await server?.close();
});

async function createTable(tableName: string): Promise<void> {
  await client.call("CreateTable", {
    tableMeta: { tableName, primaryKey: [{ name: "id", type: "INTEGER" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
  });
}

const putRow = (tableName: string, id: number) =>
  client.call("PutRow", {
    tableName,
    row: rowBytes([integer("id", id)], [text("city", `city ${id}`), integer("n", id)]),
    condition: { rowExistence: "IGNORE" },
  });

const config = (more: Partial<Config> = {}): Config => ({
  ossPrefix: "orders/year=$yyyy/month=$MM",
  ossBucket: "bucket-a",
  ossEndpoint: parts.endpoint,
  ossStsRole: "acs:ram::1:role/any",
  format: "Parquet",
  schema: [
    { columnName: "id", ossColumnName: "order_id", type: "INT64", encode: "DELTA_BINARY_PACKED" },
    { columnName: "city", ossColumnName: "city", type: "UTF8", encode: "PLAIN" },
  ],
  ...more,
});

const create = (taskName: string, more: Partial<Request> = {}) =>
  client.call("CreateDeliveryTask", {
    tableName: "orders",
    taskName,
    taskConfig: config({ ossPrefix: `${taskName}/$yyyy` }),
    ...more,
  });
const describeTask = (taskName: string, tableName = "orders") =>
  client.call("DescribeDeliveryTask", { tableName, taskName });

async function refusal(call: Promise<unknown>): Promise<TablestoreError> {
  const thrown = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof TablestoreError) return thrown;
  throw new Error(`No refusal but ${thrown}`);
}

async function deleteBucket(bucket: string): Promise<void> {
  const s3 = new S3Client({
    endpoint: parts.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: parts.storeKey,
  });
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  s3.destroy();
}

async function until<T>(look: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 50_000;
  for (;;) {
    const value = await look();
    if (isWanted(value)) return value;
    if (Date.now() > deadline) throw new Error(`Still ${JSON.stringify(value, printable)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const printable = (_: string, value: unknown) =>
  typeof value === "bigint" ? String(value) : value;

describe("tasks made through the API", () => {
  it("are the console's own: one without a type is differential", async () => {
    await create("first", {
      taskConfig: config({
        ossDirtyPrefix: "dirt/first",
        eventTimeColumn: { columnName: "at", timeFormat: "RFC3339" },
      }),
    });
    expect(await getTask(services, "first")).toMatchObject({
      name: "first",
      sourceId: "embedded",
      table: "orders",
      destinationId: "bucket-a",
      prefix: "orders/year=$yyyy/month=$MM",
      mode: "differential",
      timeZone: "UTC",
      eventTime: { column: "at", format: "RFC3339" },
      dirtyPrefix: "dirt/first",
      schema: {
        kind: "manual",
        columns: [
          { source: "id", name: "order_id", type: "INT64", encoding: "DELTA_BINARY_PACKED" },
          { source: "city", name: "city", type: "UTF8", encoding: "PLAIN" },
        ],
      },
    });
    expect(await describeTask("first")).toEqual({
      taskType: "BASE_INC",
      taskConfig: {
        ...config({
          ossStsRole: "acs:ram::culvert:role/bucket-a",
          ossDirtyPrefix: "dirt/first",
        }),
        eventTimeColumn: { columnName: "at", timeFormat: "RFC3339" },
      },
      taskSyncStat: {
        taskSyncPhase: "INIT",
        currentSyncTimestamp: 0n,
        detail: expect.stringContaining("Initialising"),
      },
    });
  });

  it.each([
    ["BASE", "full"],
    ["INC", "incremental"],
    ["BASE_INC", "differential"],
  ] as const)("of type %s are %s", async (taskType, mode) => {
    const name = `type-${mode.slice(0, 4)}`;
    await create(name, { taskType });
    expect((await getTask(services, name)).mode).toBe(mode);
    expect((await describeTask(name)).taskType).toBe(taskType);
  });

  it("are listed by their own table, those of the console among them", async () => {
    await create("other", { tableName: "others" });
    await createTask(services, {
      ...{ name: "by-console", sourceId: "embedded", table: "others", mode: "full" },
      ...{ destinationId: "bucket-a", prefix: "by-console", schema: { kind: "auto" } },
    });
    const { tasks } = await client.call("ListDeliveryTask", { tableName: "others" });
    expect([...tasks].sort((a, b) => (String(a.taskName) < String(b.taskName) ? -1 : 1))).toEqual([
      { tableName: "others", taskName: "by-console", taskType: "BASE" },
      { tableName: "others", taskName: "other", taskType: "BASE_INC" },
    ]);
    const { taskConfig } = await describeTask("by-console", "others");
    expect(taskConfig?.schema).toEqual([
      { columnName: "id", ossColumnName: "id", type: "INT64", encode: "PLAIN" },
    ]);
    expect(await refusal(describeTask("other", "orders"))).toMatchObject({
      httpStatus: 404,
      code: "OTSObjectNotExist",
    });
  });

  it("say what a binary column is, for which the wire has no type", async () => {
    await create("binary", { taskConfig: config({ ossPrefix: "binary" }) });
    const column = { source: "raw", name: "raw", type: "BINARY", encoding: "PLAIN" } as const;
    await updateTask(services, "binary", { schema: { kind: "manual", columns: [column] } });
    expect((await describeTask("binary")).taskConfig?.schema).toEqual([
      {
        ...{ columnName: "raw", ossColumnName: "raw", type: "UTF8", encode: "PLAIN" },
        typeExtend: "BINARY",
      },
    ]);
  });
});

describe("a request that cannot become a task", () => {
  it("is told everything that is wrong with it, by its own fields", async () => {
    const { httpStatus, code, message } = await refusal(
      create("Bad_Name", {
        taskConfig: config({
          ossPrefix: "/$yyy",
          ossBucket: "nobodys-bucket",
          eventTimeColumn: { columnName: "at" },
          schema: [
            { columnName: "id", type: "INT64" },
            { columnName: "day", type: "DATE" },
            { type: "UTF8", typeExtend: "x" },
          ],
        }),
      }),
    );
    expect({ httpStatus, code }).toEqual({ httpStatus: 400, code: "OTSParameterInvalid" });
    for (const field of [
      "taskName: ",
      "taskConfig.ossPrefix: ",
      "taskConfig.ossBucket: Culvert has no destination with the bucket nobodys-bucket; add it in the console.",
      "taskConfig.eventTimeColumn.timeFormat: ",
      "taskConfig.schema[1].type: DATE is not delivered",
      "taskConfig.schema[2].columnName: ",
      "taskConfig.schema[2].typeExtend: ",
    ]) {
      expect(message).toContain(field);
    }
  });

  it.each([
    ["no configuration", { taskConfig: undefined }, "taskConfig: "],
    ["no name", { taskName: "" }, "taskName: "],
  ])("is refused with %s", async (_, more, words) => {
    const { code, message } = await refusal(create("nameless", more as Partial<Request>));
    expect(code).toBe("OTSParameterInvalid");
    expect(message).toContain(words);
  });

  it("is told of columns that readers could not keep apart, in the request's words", async () => {
    const schema = [
      { columnName: "id", ossColumnName: "same", type: "INT64" },
      { columnName: "city", ossColumnName: "SAME", type: "UTF8" },
    ] as const;
    const { code, message } = await refusal(
      create("columns", { taskConfig: config({ ossPrefix: "columns", schema }) }),
    );
    expect(code).toBe("OTSParameterInvalid");
    expect(message).toContain("taskConfig.schema[1].ossColumnName: ");
  });

  it("gets 404 for a missing table and 409 for a taken name", async () => {
    expect(await refusal(create("lost", { tableName: "nowhere" }))).toMatchObject({
      httpStatus: 404,
      code: "OTSObjectNotExist",
    });
    expect(await refusal(client.call("ListDeliveryTask", { tableName: "nowhere" }))).toMatchObject({
      code: "OTSObjectNotExist",
    });
    await create("taken");
    expect(await refusal(create("taken"))).toMatchObject({
      httpStatus: 409,
      code: "OTSObjectAlreadyExist",
    });
    expect(await refusal(create("taken", { tableName: "others" }))).toMatchObject({
      code: "OTSObjectAlreadyExist",
    });
  });

  it("has to name the endpoint where several destinations have its bucket", async () => {
    await parts.addDestination("bucket-two");
    const { port } = new URL(parts.endpoint);
    await parts.addDestination("bucket-two", { id: "two", endpoint: `http://localhost:${port}` });
    const at = (ossEndpoint: string, ossPrefix: string) => ({
      taskConfig: config({ ossBucket: "bucket-two", ossEndpoint, ossPrefix }),
    });
    const { message } = await refusal(create("which", at("oss-cn-hangzhou.aliyuncs.com", "w")));
    expect(message).toContain("taskConfig.ossEndpoint: Several destinations");
    await create("which", at(`LOCALHOST:${port}`, "which"));
    expect((await getTask(services, "which")).destinationId).toBe("two");
    await create("which-else", at(parts.endpoint, "which-else"));
    expect((await getTask(services, "which-else")).destinationId).toBe("bucket-two");
  });
});

describe("without what it needs", () => {
  it("answers that it does not support the operations where there is no database", async () => {
    const alone = await startTestServer();
    const other = connectClient(alone.port);
    try {
      const { code, message } = await refusal(other.call("ListDeliveryTask", { tableName: "t" }));
      expect(code).toBe("OTSParameterInvalid");
      expect(message).toContain("Unsupported operation: `ListDeliveryTask`");
    } finally {
      other.close();
      await alone.close();
    }
  });

  it("makes no task where no source points at it", async () => {
    const stray = await startTestServer({
      deliveryTasks: (self) => deliveryTaskOperations(services, self),
    });
    const other = connectClient(stray.port);
    try {
      await other.call("CreateTable", {
        tableMeta: { tableName: "orders", primaryKey: [{ name: "id", type: "INTEGER" }] },
        reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      });
      const request = { tableName: "orders", taskName: "stray", taskConfig: config() };
      const { code, message } = await refusal(other.call("CreateDeliveryTask", request));
      expect(code).toBe("OTSParameterInvalid");
      expect(message).toContain("No source of Culvert points at this table store");
      expect((await other.call("ListDeliveryTask", { tableName: "orders" })).tasks).toEqual([]);
      expect(
        await refusal(
          other.call("DescribeDeliveryTask", { tableName: "orders", taskName: "first" }),
        ),
      ).toMatchObject({ code: "OTSObjectNotExist" });
    } finally {
      other.close();
      await stray.close();
    }
  });
});

describe("with a delivery worker", () => {
  /** Tasks for places that turn bad before anything is delivered there. */
  beforeAll(async () => {
    await createTable("live");
    await putRow("live", 1);
    for (const bucket of ["bucket-gone", "bucket-shut"]) {
      await parts.addDestination(bucket);
      const taskConfig = config({ ossBucket: bucket, ossPrefix: bucket });
      await create(bucket, { tableName: "live", taskType: "INC", taskConfig });
      await updateTask(services, bucket, { flush: { seconds: 5 } });
    }
    await deleteBucket("bucket-gone");
    const secret = encryptSecret("no-longer-the-secret", parts.secretKey);
    await updateDestination(database(), "bucket-shut", { secret });
  });

  it("refuses to delete while a task initialises, delivers, and deletes afterwards", async () => {
    const live = { tableName: "live", taskName: "live" };
    await create("live", { tableName: "live" });
    await updateTask(services, "live", { flush: { seconds: 5 } });
    expect(await refusal(client.call("DeleteDeliveryTask", live))).toMatchObject({
      httpStatus: 404,
      code: "OTSTableNotReady",
    });

    parts.startWorker();
    const written = Date.now();
    await putRow("live", 2);
    const through = (value: Awaited<ReturnType<typeof describeTask>>) =>
      value.taskSyncStat?.currentSyncTimestamp ?? 0n;
    const { taskSyncStat } = await until(
      () => describeTask("live", "live"),
      (task) => through(task) >= BigInt(written) * 1_000_000n,
    );
    expect(taskSyncStat).toMatchObject({ taskSyncPhase: "INCR" });
    expect(taskSyncStat).not.toHaveProperty("errorCode");
    const { objects } = await parts.openBucket("bucket-a").list({ prefix: "live/" });
    expect(objects.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^live\/\d{4}\/live_\d_live_\d{4}__1$/),
      expect.stringMatching(/^live\/\d{4}\/live_\d_live_\d{4}__1$/),
    ]);

    await client.call("DeleteDeliveryTask", live);
    const names = async () =>
      (await client.call("ListDeliveryTask", { tableName: "live" })).tasks.map((t) => t.taskName);
    expect(await names()).not.toContain("live");
    expect(await refusal(describeTask("live", "live"))).toMatchObject({
      code: "OTSObjectNotExist",
    });
    expect(await refusal(client.call("DeleteDeliveryTask", live))).toMatchObject({
      code: "OTSObjectNotExist",
    });
    expect((await parts.openBucket("bucket-a").list({ prefix: "live/" })).objects).toHaveLength(2);
  });

  it("names a bucket that is gone and a key that may not write as the service documents them", async () => {
    await putRow("live", 3);
    const statOf = async (name: string) => (await describeTask(name, "live")).taskSyncStat;
    const gone = await until(
      () => statOf("bucket-gone"),
      (stat) => stat?.errorCode !== undefined,
    );
    expect(gone).toMatchObject({
      errorCode: "INVALID_OSS_BUCKET",
      detail: expect.stringContaining("does not exist"),
    });
    const shut = await until(
      () => statOf("bucket-shut"),
      (stat) => stat?.errorCode !== undefined,
    );
    expect(shut).toMatchObject({ errorCode: "UNAUTHORIZED" });
  });
});
