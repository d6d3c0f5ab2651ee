import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, type MessageInit } from "@/lib/tablestore/messages";
import type { PlainCell, PlainValue } from "@/lib/tablestore/plain-row";
import { toSampleRow, toTableDescription } from "./source-table";

function describedWith(part: Partial<MessageInit<"DescribeTableResponse">>) {
  const response: MessageInit<"DescribeTableResponse"> = {
    tableMeta: {
      tableName: "t",
      primaryKey: [
        { name: "a", type: "STRING" },
        { name: "b", type: "INTEGER" },
        { name: "c", type: "BINARY" },
      ],
      definedColumn: [
        { name: "i", type: "DCT_INTEGER" },
        { name: "d", type: "DCT_DOUBLE" },
        { name: "o", type: "DCT_BOOLEAN" },
        { name: "s", type: "DCT_STRING" },
        { name: "x", type: "DCT_BLOB" },
      ],
    },
    reservedThroughputDetails: { capacityUnit: {}, lastIncreaseTime: 0n },
    tableOptions: {},
    ...part,
  };
  const bytes = encodeMessage("DescribeTableResponse", response);
  return toTableDescription(decodeMessage("DescribeTableResponse", bytes));
}

describe("a table's description", () => {
  it("keeps the order of the key and every documented type", () => {
    expect(describedWith({})).toEqual({
      name: "t",
      primaryKey: [
        { name: "a", type: "string" },
        { name: "b", type: "integer" },
        { name: "c", type: "binary" },
      ],
      definedColumns: [
        { name: "i", type: "integer" },
        { name: "d", type: "double" },
        { name: "o", type: "boolean" },
        { name: "s", type: "string" },
        { name: "x", type: "binary" },
      ],
      streamExpirationHours: null,
    });
  });

  it("says how long the stream keeps changes, or that it is off", () => {
    const off = { enableStream: false, expirationTime: 24 };
    expect(describedWith({ streamDetails: off }).streamExpirationHours).toBeNull();
    const day = { enableStream: true, expirationTime: 24 };
    expect(describedWith({ streamDetails: day }).streamExpirationHours).toBe(24);
    const silent = { enableStream: true };
    expect(describedWith({ streamDetails: silent }).streamExpirationHours).toBe(168);
  });
});

describe("a sample row", () => {
  const cell = (name: string, value: PlainValue | null): PlainCell => ({
    name,
    value,
    operation: null,
    timestampMs: 1n,
  });

  it("shows values of every type, exactly where they fit a number and as text where not", () => {
    const row = toSampleRow({
      primaryKey: [cell("k", { type: "integer", value: 2n ** 63n - 1n })],
      attributes: [
        cell("d", { type: "double", value: 1.5 }),
        cell("o", { type: "boolean", value: false }),
        cell("s", { type: "string", value: "é" }),
        cell("x", { type: "binary", value: Uint8Array.of(255, 0) }),
        cell("m", { type: "malformed-string", value: Uint8Array.of(0x61, 0xff) }),
      ],
      deleteMarker: false,
      extension: null,
    });
    expect(row.cells).toEqual([
      { name: "k", type: "integer", value: "9223372036854775807" },
      { name: "d", type: "double", value: 1.5 },
      { name: "o", type: "boolean", value: false },
      { name: "s", type: "string", value: "é" },
      { name: "x", type: "binary", value: "/wA=" },
      { name: "m", type: "string", value: "a\ufffd" },
    ]);
  });
});
