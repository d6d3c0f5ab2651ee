import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOfPrefix, keyAfter, RowKeyWriter } from "./key-encoding";

type Column = { type: "integer"; value: bigint } | { type: "bytes"; value: Uint8Array };
type Bound = Column | { type: "min" } | { type: "max" };

const writer = new RowKeyWriter();

function encode(columns: readonly Bound[]): Buffer {
  writer.start(7);
  for (const column of columns) {
    if (column.type === "integer") {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(column.value);
      writer.putInteger(bytes, 0);
    } else if (column.type === "bytes") {
      writer.putBytes(Buffer.from(column.value), 0, column.value.length);
    } else if (column.type === "min") writer.putInfMin();
    else writer.putInfMax();
  }
  return writer.finish();
}

/** The order of the protocol, column by column. */
function compare(a: readonly Column[], b: readonly Column[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] as Column;
    const order =
      left.type === "integer" && right.type === "integer"
        ? Number(left.value > right.value) - Number(left.value < right.value)
        : Buffer.compare(left.value as Uint8Array, right.value as Uint8Array);
    if (order !== 0) return order;
  }
  return 0;
}

const integer = fc.record({
  type: fc.constant("integer" as const),
  value: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt(-2n, 2n)),
});
/** Few different bytes, so that keys share prefixes and hold the escape's own bytes. */
const bytes = fc.record({
  type: fc.constant("bytes" as const),
  value: fc
    .array(fc.constantFrom(0, 1, 0x10, 0xfe, 0xff), { maxLength: 6 })
    .map((list) => Uint8Array.from(list)),
});
/** Two keys of one schema of 1 to 4 columns. */
const keys = fc
  .array(fc.constantFrom(integer, bytes), { minLength: 1, maxLength: 4 })
  .chain((schema) => fc.tuple(fc.tuple(...schema), fc.tuple(...schema)));

describe("row keys", () => {
  it("sort like the primary keys they encode", () => {
    fc.assert(
      fc.property(keys, ([a, b]) => {
        expect(Math.sign(encode(a).compare(encode(b)))).toBe(Math.sign(compare(a, b)));
      }),
    );
  });

  it("are never the beginning of another row's key", () => {
    fc.assert(
      fc.property(keys, ([a, b]) => {
        fc.pre(compare(a, b) !== 0);
        const [left, right] = [encode(a), encode(b)];
        expect(right.subarray(0, left.length).equals(left)).toBe(false);
      }),
    );
  });

  it("lie between bounds of INF_MIN and INF_MAX in any column", () => {
    fc.assert(
      fc.property(keys, fc.nat({ max: 3 }), ([a], at) => {
        const column = Math.min(at, a.length - 1);
        const bound = (type: "min" | "max") =>
          encode(a.map((value, index) => (index < column ? value : { type })));
        expect(bound("min").compare(encode(a))).toBe(-1);
        expect(bound("max").compare(encode(a))).toBe(1);
      }),
    );
  });

  it("hold four columns of a kilobyte of zeros, and refuse more", () => {
    const zeros = { type: "bytes" as const, value: new Uint8Array(1024) };
    expect(encode([zeros, zeros, zeros, zeros]).length).toBe(5 + 4 * (1 + 2048 + 2));
    expect(() => encode([{ type: "bytes", value: new Uint8Array(1025) }])).toThrow(RangeError);
  });

  it("spread partition keys evenly over the range of the hash", () => {
    for (const name of ["customer-", "", "2026-11-20T00:00:"]) {
      const counts = [0, 0, 0, 0];
      for (let n = 0; n < 4000; n++) {
        encode([{ type: "bytes", value: Buffer.from(`${name}${n}`) }]);
        const quarter = Math.floor((writer.partitionHash() / 2 ** 32) * 4);
        counts[quarter] = (counts[quarter] ?? 0) + 1;
      }
      for (const count of counts) expect(count).toBeGreaterThan(800);
    }
  });

  it("hash by the first column alone", () => {
    const first = { type: "bytes" as const, value: Buffer.from("a") };
    encode([first, { type: "integer", value: 1n }]);
    const hash = writer.partitionHash();
    encode([first, { type: "integer", value: 2n }]);
    expect(writer.partitionHash()).toBe(hash);
  });
});

describe("bounds", () => {
  const some = fc.uint8Array({ minLength: 1, maxLength: 6 }).map((list) => Buffer.from(list));

  it("the end of a prefix is after all that starts with it and before all else that follows", () => {
    fc.assert(
      fc.property(some, some, (prefix, other) => {
        fc.pre(prefix.some((byte) => byte < 0xff));
        const end = endOfPrefix(prefix);
        expect(Buffer.concat([prefix, other]).compare(end)).toBe(-1);
        if (other.compare(prefix) > 0 && !other.subarray(0, prefix.length).equals(prefix)) {
          expect(other.compare(end)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it("nothing fits between a key and the one after it", () => {
    fc.assert(
      fc.property(some, some, (key, other) => {
        if (other.compare(key) > 0) expect(other.compare(keyAfter(key))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
