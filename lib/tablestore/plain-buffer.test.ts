import { describe, expect, it } from "vitest";
import { crc8Range } from "./crc8";
import { decodePlainRow } from "./decode-plain-buffer";
import { encodePlainRow } from "./encode-plain-buffer";
import type { PlainCell, PlainRow, PlainValue } from "./plain-row";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function cell(name: string, value: PlainValue | null, rest: Partial<PlainCell> = {}): PlainCell {
  return { name, value, operation: null, timestampMs: null, ...rest };
}
const text = (value: string): PlainValue => ({ type: "string", value });
const integer = (value: bigint): PlainValue => ({ type: "integer", value });
const key = [cell("pk1", text("a")), cell("pk2", integer(1n))];
const row = (rest: Partial<PlainRow>): PlainRow => ({
  primaryKey: key,
  attributes: [],
  deleteMarker: false,
  extension: null,
  ...rest,
});

const keyHex =
  "75000000 01 030403000000706b31 0506000000030100000061 0a19 030403000000706b32 0509000000000100000000000000 0ae8";
const changedAt = { epoch: 0, timestampUs: 1700000000123456n, rowIndex: 0 };
const cellAt = cell("c", text("x"), { timestampMs: 1700000000123n });

/** The reference's vectors, as an official encoder wrote them; `padding` is its unused buffer end. */
const vectors: { name: string; hex: string; padding: string; row: PlainRow }[] = [
  {
    name: "PutRow with a timestamp and a double",
    hex: "7500000001030403000000706b3105060000000301000000610a19030403000000706b3205090000000001000000000000000ae802030401000000630506000000030100000078077b68e5cf8b0100000ac303040100000064050900000001000000000000f83f0aba0960",
    padding: "",
    row: row({ attributes: [cellAt, cell("d", { type: "double", value: 1.5 })] }),
  },
  {
    name: "DeleteRow",
    hex: "7500000001030403000000706b3105060000000301000000610a19030403000000706b3205090000000001000000000000000ae8080974",
    padding: "",
    row: row({ deleteMarker: true }),
  },
  {
    name: "a range start",
    hex: "7500000001030403000000706b310501000000090ac8030403000000706b3205010000000a0afe091e",
    padding: "0000",
    row: row({ primaryKey: [cell("pk1", { type: "inf-min" }), cell("pk2", { type: "inf-max" })] }),
  },
  {
    name: "PutRow with an auto-increment key column",
    hex: "7500000001030403000000706b3105060000000301000000610a19030402000000696405010000000b0a6f020304010000006305060000000301000000780af40903",
    padding: "00",
    row: row({
      primaryKey: [cell("pk1", text("a")), cell("id", { type: "auto-increment" })],
      attributes: [cell("c", text("x"))],
    }),
  },
  {
    name: "UpdateRow with every operation",
    hex: "7500000001030403000000706b3105060000000301000000610a19020304010000006305060000000301000000780af403040100000065060307eb030000000000000aff0304010000006606010a8c03040100000067050900000000010000000000000006040a04090a",
    padding: "0000000000",
    row: row({
      primaryKey: [cell("pk1", text("a"))],
      attributes: [
        cell("c", text("x")),
        cell("e", null, { operation: "delete-one-version", timestampMs: 1003n }),
        cell("f", null, { operation: "delete-all-versions" }),
        cell("g", integer(1n), { operation: "increment" }),
      ],
    }),
  },
  {
    name: "a stream put",
    hex: "7500000001030403000000706b3105060000000301000000610a19030403000000706b3205090000000001000000000000000ae802030401000000630506000000030100000078077b68e5cf8b0100000ac30b180000000c130000000d000000000e40222018240a06000f00000000098c",
    padding: "",
    row: row({ attributes: [cellAt], extension: changedAt }),
  },
  {
    name: "a stream delete",
    hex: `${keyHex}08 0b180000000c130000000d000000000e40222018240a06000f00000000 0974`,
    padding: "",
    row: row({ deleteMarker: true, extension: changedAt }),
  },
];

describe("PlainBuffer", () => {
  it("has the documented checksum", () => {
    expect(crc8Range(0, Buffer.from("123456789"), 0, 9)).toBe(0xf4);
  });

  it.each(vectors)("reads and writes $name byte for byte", (vector) => {
    const exact = hex(vector.hex);
    expect(decodePlainRow(exact)).toEqual(vector.row);
    expect(decodePlainRow(hex(vector.hex + vector.padding))).toEqual(vector.row);
    expect(toHex(encodePlainRow(vector.row))).toBe(toHex(exact));
  });
});
