import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc8Range } from "./crc8";
import { decodePlainRow, decodePlainRows, decodeVariant } from "./decode-plain-buffer";
import { encodePlainRow, encodePlainRows, encodeVariant } from "./encode-plain-buffer";
import { PlainBufferError, type PlainCell, type PlainRow, type PlainValue } from "./plain-row";

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

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const wellFormed = fc.string({ unit: "binary" });
const bytes = fc.uint8Array({ maxLength: 100 });
const keyValue: fc.Arbitrary<PlainValue> = fc.oneof(
  int64.map(integer),
  wellFormed.map(text),
  bytes.map((value): PlainValue => ({ type: "binary", value })),
  fc.constantFrom<PlainValue>({ type: "inf-min" }, { type: "inf-max" }, { type: "auto-increment" }),
);
const attributeValue: fc.Arbitrary<PlainValue> = fc.oneof(
  int64.map(integer),
  fc.double().map((value): PlainValue => ({ type: "double", value })),
  fc.boolean().map((value): PlainValue => ({ type: "boolean", value })),
  wellFormed.map(text),
  bytes.map((value): PlainValue => ({ type: "binary", value })),
  bytes.map((rest): PlainValue => {
    return { type: "malformed-string", value: Uint8Array.of(0xff, ...rest) };
  }),
);
const timestampMs = fc.option(int64);
const keyCell = fc.record({ name: wellFormed, value: keyValue, timestampMs }).map(withOperation);
const attribute = fc.oneof(
  fc.record({ name: wellFormed, value: attributeValue, timestampMs }).map(withOperation),
  fc.record({
    name: wellFormed,
    value: fc.constant(null),
    operation: fc.constantFrom("delete-all-versions", "delete-one-version"),
    timestampMs,
  }),
  fc.record({
    name: wellFormed,
    value: int64.map(integer),
    operation: fc.constant("increment"),
    timestampMs,
  }),
);
function withOperation(part: Omit<PlainCell, "operation">): PlainCell {
  return { ...part, operation: null };
}
const anyRow = fc.record({
  primaryKey: fc.array(keyCell, { maxLength: 4 }),
  attributes: fc.array(attribute, { maxLength: 8 }),
  deleteMarker: fc.boolean(),
  extension: fc.option(fc.record({ epoch: int32, timestampUs: int64, rowIndex: int32 })),
}) as fc.Arbitrary<PlainRow>;

/** Buffers are Uint8Arrays of another class, which toEqual tells apart. */
function plain(rows: readonly PlainRow[]): PlainRow[] {
  const plainCell = (one: PlainCell): PlainCell =>
    one.value !== null && "value" in one.value && one.value.value instanceof Uint8Array
      ? ({ ...one, value: { ...one.value, value: new Uint8Array(one.value.value) } } as PlainCell)
      : one;
  return rows.map((one) => ({
    ...one,
    primaryKey: one.primaryKey.map(plainCell),
    attributes: one.attributes.map(plainCell),
  }));
}

describe("any rows", () => {
  it("come back as they were, with padding or without", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 5 }), fc.nat(30), (rows, padding) => {
        const written = encodePlainRows(rows);
        expect(plain(decodePlainRows(written))).toEqual(rows);
        if (rows.length === 0) return;
        const padded = new Uint8Array(written.length + padding);
        padded.set(written);
        expect(plain(decodePlainRows(padded))).toEqual(rows);
      }),
    );
  });

  it("that were cut short are refused with a PlainBufferError", () => {
    fc.assert(
      fc.property(anyRow, fc.double({ min: 0, max: 1, maxExcluded: true }), (one, part) => {
        const written = encodePlainRow(one);
        const cut = written.subarray(0, Math.floor(written.length * part));
        if (cut.length === 0) expect(decodePlainRows(cut)).toEqual([]);
        else expect(() => decodePlainRow(cut)).toThrow(PlainBufferError);
      }),
    );
  });

  it("that were damaged in one byte of a cell are refused", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const written = hex(vectors[0]!.hex);
        // The last two bytes are the row's checksum; everything between is under a cell's.
        const at = 5 + (place % (written.length - 7));
        written[at] = (written[at] as number) ^ change;
        expect(() => decodePlainRow(written)).toThrow(PlainBufferError);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("any bytes", () => {
  const outcomes = { read: 0, refused: 0 };
  function attempt(read: () => unknown) {
    try {
      read();
      outcomes.read++;
    } catch (error) {
      expect(error).toBeInstanceOf(PlainBufferError);
      outcomes.refused++;
    }
  }

  it("are read or refused with a PlainBufferError, and nothing else", () => {
    const header = fc.constant([0x75, 0, 0, 0]);
    const tags = fc.array(fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ max: 255 })));
    fc.assert(
      fc.property(fc.tuple(header, tags), ([head, rest]) => {
        attempt(() => decodePlainRows(Uint8Array.from([...head, ...rest])));
        attempt(() => decodeVariant(Uint8Array.from(rest)));
      }),
      { numRuns: 5000 },
    );
  });

  it("made from good rows by changing some are read or refused likewise", () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 3 }), changes, (rows, list) => {
        const written = encodePlainRows(rows);
        for (const { at, byte } of list) written[at % written.length] = byte;
        attempt(() => decodePlainRows(written));
      }),
      { numRuns: 2000 },
    );
    expect(outcomes.read).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });

  it.each([
    ["no header", "01020304"],
    ["a header alone", "75000000"],
    ["a name of four gigabytes", `${keyHex.slice(0, 11)} 0304ffffffff706b31`],
    [
      "a value longer than its frame",
      `${keyHex.slice(0, 11)} 030403000000706b31 0505000000030100000061 0a19 0900`,
    ],
    [
      "a string of four gigabytes",
      `${keyHex.slice(0, 11)} 030403000000706b31 050600000003ffffffff61 0a19 0900`,
    ],
    ["a row after the padding", "75000000 0900 00 0900"],
    ["an unknown operation", "75000000 02 030401000000660602 0a00 0900"],
    ["a boolean of two", "75000000 02 03040100000066 05020000000202 0a00 0900"],
    ["a null", "75000000 02 03040100000066 050100000006 0a00 0900"],
  ])("with %s are refused", (_, bad) => {
    expect(() => decodePlainRows(hex(bad))).toThrow(PlainBufferError);
  });
});

describe("a row's text", () => {
  const written = (one: PlainRow, from: string, to: string) =>
    hex(toHex(encodePlainRow(one)).replace(from, to));

  it("that is not UTF-8 is refused in names and keys", () => {
    const named = row({ attributes: [cell("ab", integer(1n))] });
    expect(() => decodePlainRow(written(named, "6162", "ff62"))).toThrow(/name is not UTF-8/);
    const keyed = row({ primaryKey: [cell("k", text("ab"))] });
    expect(() => decodePlainRow(written(keyed, "6162", "ff62"))).toThrow(/value is not UTF-8/);
  });

  it("that is not UTF-8 in an attribute keeps its bytes and says so", () => {
    const value = { type: "malformed-string", value: Uint8Array.of(0xc3, 0x28) } as const;
    const one = row({ attributes: [cell("c", value)] });
    expect(plain([decodePlainRow(encodePlainRow(one))])).toEqual([one]);
  });

  it("keeps a byte order mark and characters beyond the basic plane", () => {
    const one = row({ attributes: [cell("\ufeffé", text("\ufeff😀".repeat(40)))] });
    expect(decodePlainRow(encodePlainRow(one))).toEqual(one);
  });

  it("with half a character is refused when written, not changed", () => {
    const one = row({ attributes: [cell("c", text("\ud83d"))] });
    expect(() => encodePlainRow(one)).toThrow(PlainBufferError);
  });

  it.each([2n ** 63n, -(2n ** 63n) - 1n])("is not what %s is stored as", (value) => {
    expect(() => encodePlainRow(row({ primaryKey: [cell("k", integer(value))] }))).toThrow(
      PlainBufferError,
    );
  });
});

describe("places of values", () => {
  it("are kept: no range end or numbering in attributes, no bare cells", () => {
    for (const type of ["inf-min", "inf-max", "auto-increment"] as const) {
      const bad = encodePlainRow(row({ attributes: [cell("c", { type })] }));
      expect(() => decodePlainRow(bad)).toThrow(PlainBufferError);
    }
    const bare = encodePlainRow(row({ attributes: [cell("c", null)] }));
    expect(() => decodePlainRow(bare)).toThrow(PlainBufferError);
    const keyless = encodePlainRow(row({ primaryKey: [cell("c", null)] }));
    expect(() => decodePlainRow(keyless)).toThrow(PlainBufferError);
    const increment = cell("c", integer(1n), { operation: "increment" });
    const changed = encodePlainRow(row({ primaryKey: [increment] }));
    expect(() => decodePlainRow(changed)).toThrow(PlainBufferError);
  });

  it("are one row in a record and any number in a page", () => {
    const two = encodePlainRows([row({}), row({ deleteMarker: true })]);
    expect(decodePlainRows(two)).toHaveLength(2);
    expect(() => decodePlainRow(two)).toThrow(PlainBufferError);
    expect(encodePlainRows([])).toHaveLength(0);
  });
});

describe("values on their own", () => {
  it.each<[string, PlainValue]>([
    ["03 03000000 616263", text("abc")],
    ["00 ffffffffffffffff", integer(-1n)],
    ["01 000000000000f83f", { type: "double", value: 1.5 }],
    ["02 01", { type: "boolean", value: true }],
  ])("are written as %s", (expected, value) => {
    expect(toHex(encodeVariant(value))).toBe(expected.replaceAll(" ", ""));
    expect(decodeVariant(hex(expected))).toEqual(value);
  });

  it("end where they end", () => {
    expect(() => decodeVariant(hex("020100"))).toThrow(PlainBufferError);
    expect(() => decodeVariant(hex(""))).toThrow(PlainBufferError);
  });
});
