import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { KeyFilter } from "@/lib/core/ports/table-editor";
import type { ColumnType } from "@/lib/core/record";
import type { PlainValue } from "@/lib/tablestore/plain-row";
import { rangeOfFilter } from "./key-range";

/** Order of first key columns as the service documents it. */
function order(left: PlainValue, right: PlainValue): number {
  if (left.type === "inf-min" || right.type === "inf-max") return left.type === right.type ? 0 : -1;
  if (left.type === "inf-max" || right.type === "inf-min") return 1;
  if (left.type === "integer" && right.type === "integer") {
    return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
  }
  return Buffer.compare(bytes(left), bytes(right));
}
const bytes = (value: PlainValue) =>
  value.type === "string"
    ? Buffer.from(value.value)
    : value.type === "binary"
      ? value.value
      : Buffer.of();

function holds(type: ColumnType, filter: KeyFilter | null, value: PlainValue): boolean {
  const { from, to } = rangeOfFilter({ name: "id", type }, filter);
  return order(from, value) <= 0 && order(value, to) < 0;
}
const text = (value: string): PlainValue => ({ type: "string", value });
const int = (value: bigint): PlainValue => ({ type: "integer", value });
const binary = (value: Uint8Array): PlainValue => ({ type: "binary", value });
const words = fc
  .string({ unit: "binary", maxLength: 6 })
  .filter((word) => Buffer.from(word).toString() === word);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe("range of a key filter", () => {
  it("by prefix holds exactly the texts that begin with it", () => {
    fc.assert(
      fc.property(words, words, words, (prefix, rest, other) => {
        const filter = { kind: "prefix", value: prefix } as const;
        expect(holds("string", filter, text(prefix + rest))).toBe(true);
        const begins = Buffer.from(other).subarray(0, Buffer.byteLength(prefix));
        expect(holds("string", filter, text(other))).toBe(begins.equals(Buffer.from(prefix)));
      }),
    );
  });

  it("by prefix holds exactly the bytes that begin with it, also where they are all 0xff", () => {
    const few = fc.uint8Array({ maxLength: 3 }).map((given) => Buffer.from(given));
    fc.assert(
      fc.property(fc.oneof(few, fc.constant(Buffer.of(255, 255))), few, (prefix, other) => {
        const filter = { kind: "prefix", value: prefix.toString("base64") } as const;
        const begins = other.subarray(0, prefix.length).equals(prefix);
        expect(holds("binary", filter, binary(other))).toBe(begins);
      }),
    );
  });

  it("by value holds that value and no other, to the ends of 64 bits", () => {
    fc.assert(
      fc.property(int64, int64, (value, other) => {
        const filter = { kind: "equals", value: String(value) } as const;
        expect(holds("integer", filter, int(value))).toBe(true);
        expect(holds("integer", filter, int(other))).toBe(value === other);
      }),
    );
    expect(
      holds("integer", { kind: "equals", value: String(2n ** 63n - 1n) }, int(2n ** 63n - 1n)),
    ).toBe(true);
    expect(holds("string", { kind: "equals", value: "a" }, text("aa"))).toBe(false);
  });

  it("from one value to another holds both ends and what is between", () => {
    fc.assert(
      fc.property(int64, int64, int64, (one, other, value) => {
        const [from, to] = one < other ? [one, other] : [other, one];
        const filter = { kind: "range", from: String(from), to: String(to) } as const;
        expect(holds("integer", filter, int(value))).toBe(from <= value && value <= to);
      }),
    );
    expect(holds("string", { kind: "range", from: null, to: "m" }, text("m"))).toBe(true);
    expect(holds("string", { kind: "range", from: "m", to: null }, text("l"))).toBe(false);
    expect(holds("string", null, text(""))).toBe(true);
  });

  it("is refused where the column cannot hold the text, by the field that gave it", () => {
    const refused = (type: ColumnType, filter: KeyFilter) => {
      try {
        rangeOfFilter({ name: "id", type }, filter);
      } catch (thrown) {
        if (thrown instanceof InvalidInputError) return thrown.problems[0]?.field;
      }
      return null;
    };
    expect(refused("integer", { kind: "equals", value: "1.5" })).toBe("keyEquals");
    expect(refused("integer", { kind: "equals", value: "9223372036854775808" })).toBe("keyEquals");
    expect(refused("integer", { kind: "prefix", value: "1" })).toBe("keyPrefix");
    expect(refused("binary", { kind: "range", from: "?", to: null })).toBe("keyFrom");
    expect(refused("string", { kind: "range", from: "b", to: "a" })).toBe("keyTo");
  });
});
