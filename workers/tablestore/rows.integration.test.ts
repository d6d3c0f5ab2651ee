import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSdk, int64, keyOf, type SdkClient, sdk, valuesOf } from "./testing/official-sdk";
import { startTestServer, type TestServer, testAccess } from "./testing/start-test-server";
import { connectClient, integer, rowBytes, text } from "./testing/tunnel-reader";

const ignore = new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null);
const expectNone = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_NOT_EXIST, null);
const expectOne = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_EXIST, null);
const { AND, OR, NOT } = sdk.LogicalOperator;

let server: TestServer;
let call: SdkClient;
let tables = 0;

beforeAll(async () => {
  server = await startTestServer();
  call = connectSdk({ port: server.port, ...testAccess });
});
afterAll(() => server.close());

async function createTable(options: {
  primaryKey?: object[];
  maxVersions?: number;
  stream?: boolean;
}): Promise<string> {
  const tableName = `table_${++tables}`;
  await call("createTable", {
    tableMeta: {
      tableName,
      primaryKey: options.primaryKey ?? [
        { name: "pk1", type: "STRING" },
        { name: "pk2", type: "INTEGER" },
      ],
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: options.maxVersions ?? 1 },
    ...(options.stream ? { streamSpecification: { enableStream: true, expirationTime: 24 } } : {}),
  });
  return tableName;
}

const key = (pk1: string, pk2: bigint | number) => [{ pk1 }, { pk2: int64(pk2) }];

async function put(tableName: string, primaryKey: object[], ...attributeColumns: object[]) {
  return call("putRow", { tableName, condition: ignore, primaryKey, attributeColumns });
}
async function get(tableName: string, primaryKey: object[], more: object = {}) {
  const { row } = await call("getRow", { tableName, primaryKey, maxVersions: 1, ...more });
  return row;
}
/** The SDK gives the HTTP status as the code and the error body as the message. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown as { code: number; message: string },
  );
  return `${error?.code} ${/OTS[A-Za-z]+/.exec(error?.message ?? "")?.[0]}`;
}

describe("tables through the official SDK", () => {
  it("creates, lists, describes, updates and deletes a table", async () => {
    const tableName = await createTable({ stream: true });
    expect(await call("listTable")).toMatchObject({
      tableNames: expect.arrayContaining([tableName]),
    });
    const described = await call("describeTable", { tableName });
    expect(described).toMatchObject({
      tableMeta: { tableName },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      streamDetails: { enableStream: true, expirationTime: 24 },
    });
    await call("updateTable", { tableName, tableOptions: { maxVersions: 3, timeToLive: -1 } });
    expect(await call("describeTable", { tableName })).toMatchObject({
      tableOptions: { maxVersions: 3 },
    });
    await call("deleteTable", { tableName });
    expect(await refusal(call("describeTable", { tableName }))).toBe("404 OTSObjectNotExist");
  });

  it("refuses a table of the same name", async () => {
    const tableName = await createTable({});
    expect(
      await refusal(
        call("createTable", {
          tableMeta: { tableName, primaryKey: [{ name: "a", type: "STRING" }] },
          reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
          tableOptions: { timeToLive: -1, maxVersions: 1 },
        }),
      ),
    ).toBe("409 OTSObjectAlreadyExist");
  });

  it("starts anew under the name of a deleted table", async () => {
    const tableName = await createTable({});
    await put(tableName, key("a", 1), { c: "old" });
    await call("deleteTable", { tableName });
    await call("createTable", {
      tableMeta: {
        tableName,
        primaryKey: [
          { name: "pk1", type: "STRING" },
          { name: "pk2", type: "INTEGER" },
        ],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    expect(valuesOf(await get(tableName, key("a", 1)))).toEqual({});
  });
});

describe("rows through the official SDK", () => {
  it("gives back every value type as it was put", async () => {
    const tableName = await createTable({});
    const blob = Buffer.from([0, 1, 255, 0]);
    await put(
      tableName,
      key("all", 1),
      { text: "plain" },
      { emoji: "zażółć 🦊" },
      { empty: "" },
      { yes: true },
      { no: false },
      { double: 1.5 },
      { zero: 0 },
      { min: int64(-(2n ** 63n)) },
      { max: int64(2n ** 63n - 1n) },
      { blob },
    );
    expect(valuesOf(await get(tableName, key("all", 1)))).toEqual({
      text: "plain",
      emoji: "zażółć 🦊",
      empty: "",
      yes: true,
      no: false,
      double: 1.5,
      zero: 0,
      min: -(2n ** 63n),
      max: 2n ** 63n - 1n,
      blob,
    });
  });

  it("keeps values of a megabyte", async () => {
    const tableName = await createTable({});
    const blob = Buffer.alloc(1024 * 1024, 7);
    await put(tableName, key("big", 1), { blob });
    expect(valuesOf(await get(tableName, key("big", 1)))).toEqual({ blob });
  });

  it("replaces a row on put, edits cells on update, removes it on delete", async () => {
    const tableName = await createTable({});
    const primaryKey = key("a", 1);
    await put(tableName, primaryKey, { a: "1" }, { b: "2" });
    await put(tableName, primaryKey, { b: "3" }, { c: "4" });
    expect(valuesOf(await get(tableName, primaryKey))).toEqual({ b: "3", c: "4" });
    await call("updateRow", {
      tableName,
      condition: ignore,
      primaryKey,
      updateOfAttributeColumns: [{ PUT: [{ d: "5" }] }, { DELETE_ALL: ["b"] }],
    });
    expect(valuesOf(await get(tableName, primaryKey))).toEqual({ c: "4", d: "5" });
    await call("deleteRow", { tableName, condition: ignore, primaryKey });
    expect(await get(tableName, primaryKey)).toEqual({});
  });

  it("increments an integer and returns it", async () => {
    const tableName = await createTable({});
    const primaryKey = key("a", 1);
    const increment = () =>
      call("updateRow", {
        tableName,
        condition: ignore,
        primaryKey,
        updateOfAttributeColumns: [{ INCREMENT: [{ n: int64(5) }] }],
        returnContent: { returnColumns: ["n"], returnType: sdk.ReturnType.AfterModify },
      });
    await increment();
    expect(valuesOf((await increment()).row)).toEqual({ n: 10n });
    await put(tableName, primaryKey, { n: "text" });
    expect(await refusal(increment())).toBe("400 OTSParameterInvalid");
  });

  it("keeps as many versions as the table says, newest first", async () => {
    const tableName = await createTable({ maxVersions: 2 });
    const primaryKey = key("a", 1);
    const now = Date.now();
    for (const age of [30, 10, 20]) {
      await call("updateRow", {
        tableName,
        condition: ignore,
        primaryKey,
        updateOfAttributeColumns: [{ PUT: [{ v: `age ${age}`, timestamp: now - age }] }],
      });
    }
    const row = await get(tableName, primaryKey, { maxVersions: 10 });
    expect(row?.attributes?.map((cell) => cell.columnValue)).toEqual(["age 10", "age 20"]);
    await call("updateRow", {
      tableName,
      condition: ignore,
      primaryKey,
      updateOfAttributeColumns: [{ DELETE: [{ v: int64(now - 10) }] }],
    });
    expect(valuesOf(await get(tableName, primaryKey))).toEqual({ v: "age 20" });
  });

  it("numbers an auto-increment column, rising, and returns the key", async () => {
    const tableName = await createTable({
      primaryKey: [
        { name: "pk1", type: "STRING" },
        { name: "id", type: "INTEGER", option: "AUTO_INCREMENT" },
      ],
    });
    const ids: bigint[] = [];
    for (let round = 0; round < 3; round++) {
      const { row } = await call("putRow", {
        tableName,
        condition: ignore,
        primaryKey: [{ pk1: "a" }, { id: sdk.PK_AUTO_INCR }],
        attributeColumns: [{ round: int64(round) }],
        returnContent: { returnType: sdk.ReturnType.Primarykey },
      });
      ids.push(keyOf(row)[1] as bigint);
    }
    expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(ids).size).toBe(3);
    const row = await get(tableName, [{ pk1: "a" }, { id: int64(ids[1] as bigint) }]);
    expect(valuesOf(row)).toEqual({ round: 1n });
  });

  it("refuses a key that is not the table's", async () => {
    const tableName = await createTable({});
    expect(await refusal(put(tableName, [{ pk1: "a" }], { c: "x" }))).toBe("400 OTSInvalidPK");
    expect(await refusal(put(tableName, [{ pk1: "a" }, { pk2: "b" }], { c: "x" }))).toBe(
      "400 OTSInvalidPK",
    );
  });

  it("gives only the columns asked for, and no row that has none of them", async () => {
    const tableName = await createTable({});
    await put(tableName, key("a", 1), { a: "1" }, { b: "2" });
    expect(valuesOf(await get(tableName, key("a", 1), { columnsToGet: ["b"] }))).toEqual({
      b: "2",
    });
    expect(await get(tableName, key("a", 1), { columnsToGet: ["z"] })).toEqual({});
    expect(keyOf(await get(tableName, key("a", 1), { columnsToGet: ["pk1"] }))).toEqual(["a", 1n]);
  });
});

describe("conditions through the official SDK", () => {
  it("checks whether the row exists", async () => {
    const tableName = await createTable({});
    const row = { tableName, primaryKey: key("a", 1), attributeColumns: [{ c: "x" }] };
    expect(await refusal(call("putRow", { ...row, condition: expectOne }))).toBe(
      "403 OTSConditionCheckFail",
    );
    await call("putRow", { ...row, condition: expectNone });
    expect(await refusal(call("putRow", { ...row, condition: expectNone }))).toBe(
      "403 OTSConditionCheckFail",
    );
    await call("putRow", { ...row, condition: expectOne });
  });

  it("checks columns, alone and combined", async () => {
    const tableName = await createTable({});
    const primaryKey = key("a", 1);
    await put(tableName, primaryKey, { n: int64(5) }, { s: "m" });
    const single = (name: string, value: unknown, comparator: unknown) =>
      new sdk.SingleColumnCondition(name, value, comparator, false);
    const both = (combinator: unknown, ...parts: object[]) => {
      const composite = new sdk.CompositeCondition(combinator);
      for (const part of parts) composite.addSubCondition(part);
      return composite;
    };
    const passes = async (filter: object) =>
      (await refusal(
        call("updateRow", {
          tableName,
          primaryKey,
          condition: new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_EXIST, filter),
          updateOfAttributeColumns: [{ PUT: [{ touched: "yes" }] }],
        }),
      )) === "undefined undefined";
    const { EQUAL, GREATER_THAN, LESS_EQUAL, NOT_EQUAL } = sdk.ComparatorType;
    expect(await passes(single("n", int64(5), EQUAL))).toBe(true);
    expect(await passes(single("n", int64(4), GREATER_THAN))).toBe(true);
    expect(await passes(single("n", int64(4), LESS_EQUAL))).toBe(false);
    expect(await passes(single("s", "m", NOT_EQUAL))).toBe(false);
    expect(await passes(single("missing", "m", EQUAL))).toBe(false);
    const isFive = single("n", int64(5), EQUAL);
    const isZ = single("s", "z", EQUAL);
    expect(await passes(both(AND, isFive, isZ))).toBe(false);
    expect(await passes(both(OR, isFive, isZ))).toBe(true);
    expect(await passes(both(NOT, isZ))).toBe(true);
  });
});

describe("ranges through the official SDK", () => {
  async function readAll(tableName: string, params: object): Promise<unknown[][]> {
    const keys: unknown[][] = [];
    let next: object = params;
    for (;;) {
      const page = await call("getRange", { tableName, maxVersions: 1, ...next });
      keys.push(...(page.rows ?? []).map((row) => keyOf(row)));
      if (!page.nextStartPrimaryKey) return keys;
      next = {
        ...params,
        inclusiveStartPrimaryKey: page.nextStartPrimaryKey.map(({ name, value }) => ({
          [name]: value,
        })),
      };
    }
  }
  const all = {
    direction: sdk.Direction.FORWARD,
    inclusiveStartPrimaryKey: [{ pk1: sdk.INF_MIN }, { pk2: sdk.INF_MIN }],
    exclusiveEndPrimaryKey: [{ pk1: sdk.INF_MAX }, { pk2: sdk.INF_MAX }],
  };

  it("walks rows in key order, forward and backward, page by page", async () => {
    const tableName = await createTable({});
    const wanted: [string, bigint][] = [];
    for (const pk1 of ["", "a", "a\u0000", "a\u0000b", "ab", "b", "\u{1F98A}"]) {
      for (const pk2 of [-(2n ** 63n), -1n, 0n, 1n, 2n ** 63n - 1n]) wanted.push([pk1, pk2]);
    }
    for (const [pk1, pk2] of [...wanted].reverse()) await put(tableName, key(pk1, pk2), { c: "x" });
    expect(await readAll(tableName, { ...all, limit: 4 })).toEqual(wanted);
    const backward = {
      direction: sdk.Direction.BACKWARD,
      inclusiveStartPrimaryKey: all.exclusiveEndPrimaryKey,
      exclusiveEndPrimaryKey: all.inclusiveStartPrimaryKey,
    };
    expect(await readAll(tableName, { ...backward, limit: 7 })).toEqual([...wanted].reverse());
  });

  it("includes the start of a range and not its end", async () => {
    const tableName = await createTable({});
    for (let pk2 = 0; pk2 < 5; pk2++) await put(tableName, key("a", pk2), { c: "x" });
    const keys = await readAll(tableName, {
      direction: sdk.Direction.FORWARD,
      inclusiveStartPrimaryKey: key("a", 1),
      exclusiveEndPrimaryKey: key("a", 3),
    });
    expect(keys).toEqual([
      ["a", 1n],
      ["a", 2n],
    ]);
  });

  it("pages 5,000 rows at a time and leaves none out", async () => {
    const tableName = await createTable({});
    for (let from = 0; from < 5200; from += 200) {
      await call("batchWriteRow", {
        tables: [
          {
            tableName,
            rows: Array.from({ length: 200 }, (_, index) => ({
              type: "PUT",
              condition: ignore,
              primaryKey: key("a", from + index),
              attributeColumns: [{ c: "x" }],
            })),
          },
        ],
      });
    }
    const first = await call("getRange", { tableName, maxVersions: 1, ...all });
    expect(first.rows).toHaveLength(5000);
    expect(await readAll(tableName, all)).toHaveLength(5200);
  });

  it("leaves out what the filter refuses", async () => {
    const tableName = await createTable({});
    for (let pk2 = 0; pk2 < 10; pk2++) await put(tableName, key("a", pk2), { n: int64(pk2) });
    const keys = await readAll(tableName, {
      ...all,
      columnFilter: new sdk.SingleColumnCondition("n", int64(7), sdk.ComparatorType.GREATER_THAN),
    });
    expect(keys).toEqual([
      ["a", 8n],
      ["a", 9n],
    ]);
  });
});

describe("batches through the official SDK", () => {
  it("answers each row of a batch for itself", async () => {
    const tableName = await createTable({});
    await put(tableName, key("old", 1), { c: "x" });
    const { tables } = await call("batchWriteRow", {
      tables: [
        {
          tableName,
          rows: [
            {
              type: "PUT",
              condition: ignore,
              primaryKey: key("new", 1),
              attributeColumns: [{ c: "y" }],
            },
            { type: "PUT", condition: expectNone, primaryKey: key("old", 1), attributeColumns: [] },
            {
              type: "UPDATE",
              condition: expectOne,
              primaryKey: key("new", 1),
              attributeColumns: [{ PUT: [{ d: "z" }] }],
            },
            { type: "DELETE", condition: expectOne, primaryKey: key("old", 1) },
          ],
        },
      ],
    });
    expect((tables as unknown as { isOk: boolean }[]).map((row) => row.isOk)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    const { tables: read } = await call("batchGetRow", {
      tables: [{ tableName, primaryKey: [key("new", 1), key("old", 1)], maxVersions: 1 }],
    });
    expect(valuesOf(read?.[0]?.[0] as never)).toEqual({ c: "y", d: "z" });
    expect(valuesOf(read?.[0]?.[1] as never)).toEqual({});
  });

  it("keeps everything over a restart", async () => {
    const tableName = await createTable({ stream: true });
    await put(tableName, key("a", 1), { c: "x" });
    await server.restart();
    call = connectSdk({ port: server.port, ...testAccess });
    expect(valuesOf(await get(tableName, key("a", 1)))).toEqual({ c: "x" });
    expect(await call("describeTable", { tableName })).toMatchObject({
      streamDetails: { enableStream: true },
    });
  });
});

describe("writes at the same time", () => {
  it("count every one of a hundred increments of one row", async () => {
    const tableName = await createTable({});
    const primaryKey = key("counter", 1);
    await Promise.all(
      Array.from({ length: 100 }, () =>
        call("updateRow", {
          tableName,
          condition: ignore,
          primaryKey,
          updateOfAttributeColumns: [{ INCREMENT: [{ n: int64(1) }] }],
        }),
      ),
    );
    expect(valuesOf(await get(tableName, primaryKey))).toEqual({ n: 100n });
  });

  it("let one of many put a row that must not exist", async () => {
    const tableName = await createTable({});
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        refusal(
          call("putRow", {
            tableName,
            condition: expectNone,
            primaryKey: key("only", 1),
            attributeColumns: [{ n: int64(n) }],
          }),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "undefined undefined")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "403 OTSConditionCheckFail")).toHaveLength(19);
  });

  it("of an atomic batch are all made or none", async () => {
    const tableName = await createTable({});
    const client = connectClient(server.port);
    const batch = (...names: [number, "IGNORE" | "EXPECT_EXIST"][]) =>
      client.call("BatchWriteRow", {
        tables: [
          {
            tableName,
            rows: names.map(([n, rowExistence]) => ({
              type: "PUT" as const,
              rowChange: rowBytes([text("pk1", "p"), integer("pk2", n)], [text("c", "x")]),
              condition: { rowExistence },
            })),
          },
        ],
        isAtomic: true,
      });
    await expect(batch([1, "IGNORE"], [2, "EXPECT_EXIST"])).rejects.toMatchObject({
      code: "OTSConditionCheckFail",
    });
    expect(await get(tableName, key("p", 1))).toEqual({});
    await batch([1, "IGNORE"], [1, "EXPECT_EXIST"]);
    expect(valuesOf(await get(tableName, key("p", 1)))).toEqual({ c: "x" });
    client.close();
  });
});

describe("who may ask", () => {
  it("refuses a wrong secret, an unknown key and another instance", async () => {
    const { port } = server;
    const wrong = (change: object) =>
      refusal(connectSdk({ port, ...testAccess, ...change })("listTable"));
    expect(await wrong({ accessKeySecret: "another-secret" })).toBe("403 OTSAuthFailed");
    expect(await wrong({ accessKeyId: "another-key" })).toBe("403 OTSAuthFailed");
    expect(await wrong({ instance: "another" })).toBe("403 OTSAuthFailed");
  });
});
