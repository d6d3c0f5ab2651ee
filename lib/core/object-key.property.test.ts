import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFolder } from "./folder";
import {
  dirtyObjectKey,
  dirtyObjectStem,
  objectKeyBytesMax,
  partitionBytesMax,
  rowFileNameBytesMax,
  rowObjectKey,
  rowObjectStem,
} from "./object-key";
import { checkTaskName } from "./task-name";
import { utf8ByteLength } from "./utf8";

const task = fc
  .string({ unit: fc.constantFrom("a", "z", "0", "1", "-"), minLength: 3, maxLength: 16 })
  .filter((name) => checkTaskName(name).length === 0);
/** Underscores and digits are what could make two names one. */
const folder = fc
  .array(
    fc.string({ unit: fc.constantFrom("a", "0", "1", "_", "=", "é"), minLength: 1, maxLength: 4 }),
    { minLength: 1, maxLength: 3 },
  )
  .map((segments) => segments.join("/"));
const lane = fc.nat({ max: 12 });
const sequence = fc.integer({ min: 1, max: 12 });
const suffix = fc.constantFrom<"" | ".parquet">("", ".parquet");
const place = fc.tuple(task, lane, folder, sequence);
type Place = [string, number, string, number];

const keyOf = ([name, of, partition, number]: Place, end: "" | ".parquet") =>
  rowObjectKey(rowObjectStem(name, of, partition), number, end);

describe("object keys", () => {
  it("D1: differ wherever task, lane, folder or sequence differ", () => {
    fc.assert(
      fc.property(place, place, suffix, (one, other, end) => {
        expect(keyOf(one, end) === keyOf(other, end)).toBe(`${one}` === `${other}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it("D1: differ for neighbours, whatever their names are made of", () => {
    fc.assert(
      fc.property(place, suffix, ([name, of, partition, number], end) => {
        const keys: Place[] = [
          [name, of, partition, number],
          [name, of + 1, partition, number],
          [name, of, partition, number + 1],
          [name, of, `${partition}_`, number],
          [name, of, partition.replaceAll("/", "_"), number],
          // A digit that wanders from one part into the next.
          [`${name}1`, of, partition, number],
          [name, Number(`1${of}`), partition, number],
          [name, of, `${partition}1`, number],
          [name, of, partition, Number(`1${number}`)],
        ];
        const distinct = new Set(keys.map((key) => `${key}`)).size;
        expect(new Set(keys.map((key) => keyOf(key, end))).size).toBe(distinct);
      }),
    );
  });

  it("lie in their folder, flat, so that a reader of it finds them", () => {
    fc.assert(
      fc.property(place, suffix, (at, end) => {
        const key = keyOf(at, end);
        expect(key.slice(0, key.lastIndexOf("/"))).toBe(at[2]);
      }),
    );
  });

  it("fit into the store's bound for every folder that is allowed", () => {
    const long = fc.integer({ min: 1, max: partitionBytesMax }).map((bytes) => "x".repeat(bytes));
    fc.assert(
      fc.property(long, suffix, (partition, end) => {
        expect(checkFolder(partition, "prefix")).toEqual([]);
        const key = keyOf(["t".repeat(16), 9_999_999_999, partition, 9_999_999_999], end);
        expect(utf8ByteLength(key)).toBeLessThanOrEqual(objectKeyBytesMax);
        const name = key.slice(key.lastIndexOf("/") + 1);
        expect(utf8ByteLength(name)).toBeLessThanOrEqual(rowFileNameBytesMax(partition));
      }),
    );
  });

  it("of dirty values never meet, and do not care how the folder was ended", () => {
    fc.assert(
      fc.property(place, place, (one, other) => {
        const key = ([name, of, prefix, number]: Place) =>
          dirtyObjectKey(dirtyObjectStem(name, of, prefix), number);
        expect(key(one) === key(other)).toBe(`${one}` === `${other}`);
        const [name, of, prefix, number] = one;
        expect(key([name, of, `${prefix}/`, number])).toBe(key(one));
      }),
    );
  });
});
