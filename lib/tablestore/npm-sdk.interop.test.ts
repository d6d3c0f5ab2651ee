import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodePlainRow } from "./decode-plain-buffer";
import { encodePlainRow } from "./encode-plain-buffer";
import { decodeMessage, encodeMessage, type Message } from "./messages";
import type { PlainCell, PlainRow, PlainValue } from "./plain-row";
import { collapsePath, md5Base64, verifyRequestSignature } from "./signing";

/** The official npm SDK, unmodified, as far as this test calls it. */
type Int64 = { toString(): string };
type SdkValue = string | number | boolean | Buffer | Int64;
type SdkColumns = Record<string, SdkValue>[];
type SdkRow = {
  primaryKey: { name: string; value: SdkValue }[];
  attributes: { columnName: string; columnValue: SdkValue; timestamp: Int64 }[];
};
type SdkClient = {
  createTable(params: object): Promise<object>;
  putRow(params: object): Promise<object>;
  updateRow(params: object): Promise<object>;
  deleteRow(params: object): Promise<object>;
  getRow(params: object): Promise<{ row: SdkRow }>;
  batchWriteRow(params: object): Promise<object>;
};
type Sdk = {
  Client: new (config: object) => SdkClient;
  Condition: new (expectation: string, columnCondition: object | null) => object;
  RowExistenceExpectation: { IGNORE: string; EXPECT_NOT_EXIST: string };
  SingleColumnCondition: new (name: string, value: string, comparator: number) => object;
  ComparatorType: { EQUAL: number };
  Long: { fromString(text: string): Int64; fromNumber(value: number): Int64 };
  PK_AUTO_INCR: object;
};
const sdk = createRequire(import.meta.url)("tablestore") as Sdk;

/** What the SDK asked last, and what it is answered: by default, that one row was written. */
let asked: { path: string; body: Buffer; isGenuine: boolean };
let answer: Uint8Array;
let server: Server;
let client: SdkClient;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { url: path = "", headers } = request;
    const isSigned = verifyRequestSignature({ path, headers }, "sk").ok;
    const isGenuine = isSigned && headers["x-ots-contentmd5"] === md5Base64(body);
    asked = { path: collapsePath(path), body, isGenuine };
    response.writeHead(200, { "x-ots-requestid": "r" }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  client = new sdk.Client({
    accessKeyId: "ak",
    secretAccessKey: "sk",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    instancename: "inst",
    maxRetries: 0,
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const consumed = { capacityUnit: { read: 0, write: 1 } };
beforeEach(() => {
  answer = encodeMessage("PutRowResponse", { consumed });
});

const ignore = () => new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null);
const putParams = (primaryKey: SdkColumns, attributeColumns: SdkColumns) => ({
  tableName: "t",
  condition: ignore(),
  primaryKey,
  attributeColumns,
});
const cell = (
  name: string,
  value: PlainValue | null,
  rest: Partial<PlainCell> = {},
): PlainCell => ({
  name,
  value,
  operation: null,
  timestampMs: null,
  ...rest,
});
const text = (value: string): PlainValue => ({ type: "string", value });

/** Binary values of both sides as plain byte arrays, so that they compare. */
const comparable = (value: PlainValue | null) =>
  value?.type === "binary" ? { type: value.type, value: [...value.value] } : value;
const comparableCells = (cells: readonly PlainCell[]) =>
  cells.map((one) => ({ ...one, value: comparable(one.value) }));

const asciiName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/).filter(isPlainName);
/** The SDK keeps columns as properties, so some names have another meaning there. */
function isPlainName(name: string): boolean {
  return name !== "timestamp" && !(name in {});
}
const plainValue: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.string({ unit: "binary" }).map(text),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): PlainValue => ({ type: "integer", value })),
  fc.double({ noNaN: true }).map((value): PlainValue => ({ type: "double", value })),
  fc.boolean().map((value): PlainValue => ({ type: "boolean", value })),
  fc.uint8Array({ maxLength: 64 }).map((value): PlainValue => ({ type: "binary", value })),
);
function toSdkValue(value: PlainValue): SdkValue {
  switch (value.type) {
    case "integer":
      return sdk.Long.fromString(value.value.toString());
    case "binary":
      return Buffer.from(value.value);
    case "string":
    case "double":
    case "boolean":
      return value.value;
    default:
      throw new Error(`The SDK is not given ${value.type}`);
  }
}

describe("the official npm SDK", () => {
  it("signs its requests as we verify them, and makes tables that we read", async () => {
    answer = encodeMessage("CreateTableResponse", {});
    await client.createTable({
      tableMeta: {
        tableName: "t",
        primaryKey: [
          { name: "pk", type: "STRING" },
          { name: "n", type: "INTEGER" },
        ],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      streamSpecification: { enableStream: true, expirationTime: 24 },
    });
    expect(asked).toMatchObject({ path: "/CreateTable", isGenuine: true });
    const request = decodeMessage("CreateTableRequest", asked.body);
    expect(request.tableMeta.primaryKey).toEqual([
      { name: "pk", type: "STRING" },
      { name: "n", type: "INTEGER" },
    ]);
    expect(request.streamSpec).toMatchObject({ enableStream: true, expirationTime: 24 });
  });

  it("puts rows of every type that we read as they were meant", async () => {
    const columns = fc.uniqueArray(fc.tuple(asciiName, plainValue), {
      maxLength: 6,
      selector: ([name]) => name,
    });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), columns, async (key, list) => {
        const attributes = list.map(([name, value]) => ({ [name]: toSdkValue(value) }));
        await client.putRow(putParams([{ pk: key }], attributes));
        expect(asked).toMatchObject({ path: "/PutRow", isGenuine: true });
        const row = decodePlainRow(decodeMessage("PutRowRequest", asked.body).row);
        expect(row.primaryKey).toEqual([cell("pk", text(key))]);
        const expected = list.map(([name, value]) => cell(name, value));
        expect(comparableCells(row.attributes)).toEqual(comparableCells(expected));
      }),
      { numRuns: 200 },
    );
  });

  it("reads the rows that we write as they were meant", async () => {
    const columns = fc.uniqueArray(fc.tuple(asciiName, plainValue), {
      maxLength: 6,
      selector: ([name]) => name,
    });
    await fc.assert(
      fc.asyncProperty(
        columns,
        fc.bigInt({ min: 0n, max: 2n ** 50n }),
        async (list, timestampMs) => {
          const row: PlainRow = {
            primaryKey: [cell("pk", text("a"))],
            attributes: list.map(([name, value]) => cell(name, value, { timestampMs })),
            deleteMarker: false,
            extension: null,
          };
          answer = encodeMessage("GetRowResponse", { consumed, row: encodePlainRow(row) });
          const read = (await client.getRow({ tableName: "t", primaryKey: [{ pk: "a" }] })).row;
          expect(read.primaryKey).toEqual([{ name: "pk", value: "a" }]);
          const seen = read.attributes.map((one) => [
            one.columnName,
            readable(one.columnValue),
            one.timestamp.toString(),
          ]);
          const meant = list.map(([name, value]) => [
            name,
            readable(toSdkValue(value)),
            timestampMs.toString(),
          ]);
          expect(seen).toEqual(meant);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("updates, deletes, numbers keys and sets conditions that we read", async () => {
    answer = encodeMessage("UpdateRowResponse", { consumed });
    const condition = new sdk.Condition(
      sdk.RowExistenceExpectation.EXPECT_NOT_EXIST,
      new sdk.SingleColumnCondition("s", "v", sdk.ComparatorType.EQUAL),
    );
    await client.updateRow({
      tableName: "t",
      condition,
      primaryKey: [{ pk: "a" }, { id: sdk.PK_AUTO_INCR }],
      updateOfAttributeColumns: [
        { PUT: [{ c: "x" }] },
        { DELETE: [{ e: sdk.Long.fromNumber(1003) }] },
        { DELETE_ALL: ["f"] },
        { INCREMENT: [{ g: sdk.Long.fromNumber(1) }] },
      ],
    });
    const update = decodeMessage("UpdateRowRequest", asked.body);
    expect(decodePlainRow(update.rowChange)).toEqual({
      primaryKey: [cell("pk", text("a")), cell("id", { type: "auto-increment" })],
      attributes: [
        cell("c", text("x")),
        cell("e", null, { operation: "delete-one-version", timestampMs: 1003n }),
        cell("f", null, { operation: "delete-all-versions" }),
        cell("g", { type: "integer", value: 1n }, { operation: "increment" }),
      ],
      deleteMarker: false,
      extension: null,
    });
    expect(update.condition.rowExistence).toBe("EXPECT_NOT_EXIST");
    expect(filterOf(update.condition)).toMatchObject({ comparator: "CT_EQUAL", columnName: "s" });

    await client.deleteRow({ tableName: "t", condition: ignore(), primaryKey: [{ pk: "a" }] });
    const removal = decodeMessage("DeleteRowRequest", asked.body);
    expect(decodePlainRow(removal.primaryKey).deleteMarker).toBe(true);
  });

  it("writes batches that we read", async () => {
    const rows = [{ isOk: true, consumed }];
    answer = encodeMessage("BatchWriteRowResponse", { tables: [{ tableName: "t", rows }] });
    const row = { condition: ignore(), primaryKey: [{ pk: "a" }] };
    await client.batchWriteRow({
      tables: [{ tableName: "t", rows: [{ ...row, type: "PUT", attributeColumns: [{ c: "x" }] }] }],
    });
    const [table] = decodeMessage("BatchWriteRowRequest", asked.body).tables;
    expect(table?.rows.map(({ type }) => type)).toEqual(["PUT"]);
    expect(decodePlainRow(table!.rows[0]!.rowChange).attributes).toEqual([cell("c", text("x"))]);
  });
});

function filterOf(condition: Message<"Condition">) {
  const filter = decodeMessage("Filter", condition.columnCondition!);
  return decodeMessage("SingleColumnValueFilter", filter.filter);
}

function readable(value: SdkValue): unknown {
  if (Buffer.isBuffer(value)) return [...value];
  return typeof value === "object" ? value.toString() : value;
}
