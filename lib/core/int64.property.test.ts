import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInt64 } from "./int64";

describe("integers of 64 bits", () => {
  it("are read with all their digits, and nothing beyond them", () => {
    const big = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
    fc.assert(
      fc.property(
        fc.oneof(big, fc.constantFrom(2n ** 63n, -(2n ** 63n), 2n ** 63n - 1n)),
        (value) => {
          const fits = BigInt.asIntN(64, value) === value;
          expect(readInt64(String(value))).toBe(fits ? String(value) : null);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("lose their needless zeros, and are made of digits alone", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat({ max: 5 }), (value, zeros) => {
        const [sign, digits] = value < 0 ? ["-", String(-value)] : ["", String(value)];
        expect(readInt64(`${sign}${"0".repeat(zeros)}${digits}`)).toBe(BigInt(value).toString());
        expect(readInt64(`${value}.0`)).toBe(null);
        expect(readInt64(` ${value}`)).toBe(null);
        expect(readInt64(`+${value}`)).toBe(null);
      }),
    );
  });
});
