import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeVariant } from "./encode-plain-buffer";
import { decodeMessage, encodeMessage, MessageError, type MessageName } from "./messages";
import { deliveryMessages } from "./schema/delivery-messages";
import { enums } from "./schema/enums";
import { rowMessages } from "./schema/row-messages";
import { streamMessages } from "./schema/stream-messages";
import { tableMessages } from "./schema/table-messages";
import { tunnelMessages } from "./schema/tunnel-messages";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("messages on the wire", () => {
  it("reads the CreateTable that an official Java client sends, and writes the same bytes", () => {
    const bytes = hex(
      "0a1d0a096a617661323630323012070a03706b31100212070a03706b32100112060a04080010001a0d08ffffffffffffffffff0110012a0408011018",
    );
    const request = decodeMessage("CreateTableRequest", bytes);
    expect(request).toEqual({
      tableMeta: {
        tableName: "java26020",
        primaryKey: [
          { name: "pk1", type: "STRING" },
          { name: "pk2", type: "INTEGER" },
        ],
        definedColumn: [],
        indexMeta: [],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      partitions: [],
      streamSpec: { enableStream: true, expirationTime: 24, columnsToGet: [] },
      indexMetas: [],
    });
    expect(toHex(encodeMessage("CreateTableRequest", request))).toBe(toHex(bytes));
  });

  it("reads the CreateDeliveryTask that an official Go client sends, and writes the same bytes", () => {
    const bytes = hex(
      "0a03676f3112087461736b2d6f6e651a83010a16702f796561723d24797979792f6d6f6e74683d244d4d2203626b742a1c6f73732d636e2d68616e677a686f752e616c6979756e63732e636f6d32116163733a72616d3a3a313a726f6c652f783a050a0173100540005a0e0a03706b311203504b31180220005a0e0a03706b321203504b32180120005a0a0a0164120144180320002002",
    );
    const request = decodeMessage("CreateDeliveryTaskRequest", bytes);
    expect(request).toEqual({
      tableName: "go1",
      taskName: "task-one",
      taskConfig: {
        ossPrefix: "p/year=$yyyy/month=$MM",
        ossBucket: "bkt",
        ossEndpoint: "oss-cn-hangzhou.aliyuncs.com",
        ossStsRole: "acs:ram::1:role/x",
        eventTimeColumn: { columnName: "s", timeFormat: "Unix" },
        format: "Parquet",
        schema: [
          { columnName: "pk1", ossColumnName: "PK1", type: "UTF8", encode: "PLAIN" },
          { columnName: "pk2", ossColumnName: "PK2", type: "INT64", encode: "PLAIN" },
          { columnName: "d", ossColumnName: "D", type: "DOUBLE", encode: "PLAIN" },
        ],
      },
      taskType: "BASE_INC",
    });
    expect(toHex(encodeMessage("CreateDeliveryTaskRequest", request))).toBe(toHex(bytes));
  });

  it("writes the condition that the npm client sends", () => {
    const filter = encodeMessage("SingleColumnValueFilter", {
      comparator: "CT_EQUAL",
      columnName: "s",
      columnValue: encodeVariant({ type: "string", value: "v" }),
      filterIfMissing: false,
      latestVersionOnly: true,
    });
    const columnCondition = encodeMessage("Filter", { type: "FT_SINGLE_COLUMN_VALUE", filter });
    const condition = { rowExistence: "EXPECT_NOT_EXIST", columnCondition } as const;
    expect(toHex(encodeMessage("Condition", condition))).toBe(
      "080212150801121108011201731a0603010000007620002801",
    );
  });

  it("writes a channel and an error as the reference shows them", () => {
    const channel = { channelId: "c1", version: 1n, status: "OPEN" } as const;
    expect(toHex(encodeMessage("Channel", channel))).toBe("0a02633110011801");
    const error = { code: "OTSResourceGone", message: "gone" };
    expect(toHex(encodeMessage("Error", error))).toBe(
      "0a0f4f54535265736f75726365476f6e651204676f6e65",
    );
  });

  it("keeps every bit of 64-bit integers, signed and unsigned", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(int64, uint64, (timestamp, startOffset) => {
        const range = encodeMessage("TimeRange", { startTime: timestamp });
        expect(decodeMessage("TimeRange", range).startTime).toBe(timestamp);
        const config = encodeMessage("StreamTunnelConfig", { startOffset });
        expect(decodeMessage("StreamTunnelConfig", config).startOffset).toBe(startOffset);
      }),
    );
  });

  it("tells an optional field that is absent from one that holds its default", () => {
    expect(decodeMessage("TableOptions", hex(""))).toEqual({});
    const written = encodeMessage("TableOptions", { timeToLive: 0, maxVersions: undefined });
    expect(toHex(written)).toBe("0800");
    expect(decodeMessage("TableOptions", written)).toEqual({ timeToLive: 0 });
    const delivery = encodeMessage("CreateDeliveryTaskRequest", { taskType: "BASE" });
    expect(decodeMessage("CreateDeliveryTaskRequest", delivery)).toEqual({ taskType: "BASE" });
  });

  it("skips fields that it does not know", () => {
    expect(decodeMessage("Error", hex("0a0141 1a03 616263 9a06 01 00"))).toEqual({ code: "A" });
  });

  it.each<[string, MessageName, string]>([
    ["a missing required field", "Error", "120141"],
    ["a missing required field deep inside", "CreateTunnelRequest", "0a03 0a0141"],
    ["an unknown value in a required enum", "Channel", "0a026331 1001 1809"],
    ["a length beyond the end", "Error", "0affffffff0741"],
    ["an endless varint", "TimeRange", "08ffffffffffffffffffffff01"],
    ["text that is not UTF-8", "Error", "0a01ff"],
    ["the field number 0", "Error", "0a0141 0000"],
  ])("refuses %s with a MessageError", (_, name, bytes) => {
    expect(() => decodeMessage(name, hex(bytes))).toThrow(MessageError);
  });

  it("throws nothing but MessageError whatever the bytes", () => {
    const names = fc.constantFrom<MessageName>(
      "CreateTableRequest",
      "GetRangeRequest",
      "BatchWriteRowRequest",
      "CompositeColumnValueFilter",
      "HeartbeatRequest",
      "ReadRecordsResponse",
      "CreateDeliveryTaskRequest",
    );
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
        try {
          decodeMessage(name, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the schema", () => {
  const groups = { tableMessages, rowMessages, streamMessages, tunnelMessages, deliveryMessages };
  const all = Object.values(groups).flatMap((group) => Object.entries(group));

  it("gives every message one definition and every field one number", () => {
    expect(new Set(all.map(([name]) => name)).size).toBe(all.length);
    for (const [, fields] of all) {
      const numbers = Object.values(fields).map((field) => field.number);
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  it("names only types that exist", () => {
    const scalars = ["string", "bytes", "bool", "int32", "int64", "uint64"];
    const known = new Set([...scalars, ...Object.keys(enums), ...all.map(([name]) => name)]);
    const named = all.flatMap(([, fields]) => Object.values(fields).map((field) => field.type));
    expect(named.filter((type) => !known.has(type))).toEqual([]);
  });
});
