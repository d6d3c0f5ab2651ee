import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { clampLimit, decodeCursor, encodeCursor, pageLimitMax, toPage } from "./page-cursor";

const part = fc.oneof(fc.string({ unit: "binary" }), fc.integer());

test("a cursor gives back what it was made of", () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
      expect(decodeCursor(encodeCursor(parts), parts.length)).toEqual(parts);
    }),
  );
});

test("any other text is an invalid input, never a crash", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => decodeCursor(text, 2)).toThrow(InvalidInputError);
    }),
  );
  expect(() => decodeCursor(encodeCursor(["one"]), 2)).toThrow(InvalidInputError);
});

test("walking pages gives each row once and ends with a null cursor", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.integer({ min: 1, max: 9 }), (count, limit) => {
      const rows = Array.from({ length: count }, (_, index) => index);
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const after: number = cursor === null ? -1 : Number(decodeCursor(cursor, 1)[0]);
        const page = toPage(rows.filter((row) => row > after).slice(0, limit + 1), limit, (row) => [
          row,
        ]);
        seen.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(rows);
    }),
  );
});

test("a limit is bounded whatever was asked", () => {
  expect([0, -5, 3.9, 1e9, Number.NaN].map(clampLimit)).toEqual([1, 1, 3, pageLimitMax, 1]);
});
