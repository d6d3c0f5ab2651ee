import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseByteRange } from "./byte-range";

describe("a Range header", () => {
  it.each([
    ["bytes=0-0", { start: 0, end: 1 }],
    ["bytes=1-3", { start: 1, end: 4 }],
    ["bytes=3-", { start: 3, end: 10 }],
    ["bytes=-2", { start: 8, end: 10 }],
    ["bytes=-99", { start: 0, end: 10 }],
    ["bytes=5-99", { start: 5, end: 10 }],
  ])("%s of 10 bytes is %j", (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });

  it.each([undefined, "", "bytes", "bytes=", "bytes=-", "bytes=3-1", "bytes=0-1,3-4", "lines=0-1"])(
    "%j asks for no range",
    (header) => {
      expect(parseByteRange(header, 10)).toBeNull();
    },
  );

  it.each([
    ["bytes=10-", 10],
    ["bytes=10-12", 10],
    ["bytes=-0", 10],
    ["bytes=0-", 0],
    ["bytes=-1", 0],
  ])("%s of %i bytes cannot be met", (header, size) => {
    expect(() => parseByteRange(header, size)).toThrow(
      expect.objectContaining({ code: "InvalidRange" }),
    );
  });

  it("never reaches beyond the object, and is never empty", () => {
    const number = fc.oneof(fc.constant(""), fc.nat().map(String));
    fc.assert(
      fc.property(number, number, fc.nat(1000), (first, last, size) => {
        try {
          const range = parseByteRange(`bytes=${first}-${last}`, size);
          if (range === null) return;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThan(range.start);
          expect(range.end).toBeLessThanOrEqual(size);
        } catch (error) {
          expect(error).toMatchObject({ code: "InvalidRange" });
        }
      }),
    );
  });
});
