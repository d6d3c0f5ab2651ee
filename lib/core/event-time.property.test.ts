import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRenderable } from "./civil-minute";
import { parseUnixText, readEventTime, unixDoubleToMs, unixIntegerToMs } from "./event-time";

/** From where a number tells its unit by its size alone (March 1973) to the year 5138. */
const tellingMs = fc.integer({ min: 100_000_000_000, max: 99_999_999_999_999 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe("Unix event times", () => {
  it("are the same instant in seconds, milliseconds, microseconds and nanoseconds", () => {
    fc.assert(
      fc.property(tellingMs, (ms) => {
        const seconds = Math.floor(ms / 1_000);
        expect(unixIntegerToMs(BigInt(seconds))).toBe(seconds * 1_000);
        expect(unixIntegerToMs(BigInt(ms))).toBe(ms);
        expect(unixIntegerToMs(BigInt(ms) * 1_000n + 999n)).toBe(ms);
        const nanoseconds = BigInt(ms) * 1_000_000n;
        if (nanoseconds < 2n ** 63n) expect(unixIntegerToMs(nanoseconds + 999_999n)).toBe(ms);
      }),
    );
  });

  it("grow with their number within a unit, before 1970 as after it", () => {
    const unit = fc.constantFrom(1n, 10n ** 11n, 10n ** 14n, 10n ** 17n);
    const within = fc.bigInt({ min: 0n, max: 10n ** 11n - 2n });
    fc.assert(
      fc.property(unit, within, fc.boolean(), (from, more, isNegative) => {
        const sign = isNegative ? -1n : 1n;
        const [one, next] = [sign * (from + more), sign * (from + more) + 1n];
        const size = (value: bigint) => String(value < 0n ? -value : value).length;
        fc.pre(size(one) === size(next));
        expect(unixIntegerToMs(next)).toBeGreaterThanOrEqual(unixIntegerToMs(one));
      }),
    );
  });

  it("mean the same as a number and as text, signed or not", () => {
    fc.assert(
      fc.property(int64, (value) => {
        expect(parseUnixText(String(value))).toBe(unixIntegerToMs(value));
        if (value >= 0n) expect(parseUnixText(`+${value}`)).toBe(unixIntegerToMs(value));
      }),
    );
  });

  it("mean the same as an integer and as a whole double", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat({ max: 15 }), (any, digits) => {
        const value = Math.trunc(any / 10 ** digits) + 0;
        expect(unixDoubleToMs(value)).toBe(unixIntegerToMs(BigInt(value)));
      }),
    );
  });

  it("are read from digits and nothing else", () => {
    const text = fc.string({ unit: fc.constantFrom("1", "9", ".", "-", "+", "e", " ", "x", "٣") });
    fc.assert(
      fc.property(text, (one) => {
        const isDigits = /^[+-]?[0-9]{1,19}([.][0-9]{1,18})?$/.test(one);
        expect(parseUnixText(one) !== null).toBe(isDigits);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("event times", () => {
  it("are instants that a folder can name, or none", () => {
    const cell = fc.oneof(
      int64.map((value) => ({ type: "integer" as const, value })),
      fc.double().map((value) => ({ type: "double" as const, value })),
      fc.string().map((text) => ({ type: "string" as const, text })),
    );
    const format = fc.constantFrom("Unix" as const, "RFC3339" as const);
    fc.assert(
      fc.property(cell, format, fc.double(), (value, layout, parsed) => {
        const epochMs = readEventTime(value, layout, () => parsed);
        if (epochMs !== null) expect(isRenderable(epochMs)).toBe(true);
        // Only Unix times are numbers.
        if (layout !== "Unix" && value.type !== "string") expect(epochMs).toBe(null);
      }),
      { numRuns: 500 },
    );
  });
});
