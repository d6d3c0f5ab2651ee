import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyColumn } from "./ports/table-editor";
import type { SampleCell } from "./record";
import { readRowDraft, readWholeKey } from "./row-draft";

const keyType = fc.constantFrom("string" as const, "integer" as const, "binary" as const);
const key: fc.Arbitrary<KeyColumn[]> = fc
  .uniqueArray(fc.constantFrom("k1", "k2", "k3"), { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({ name: fc.constant(name), type: keyType, autoIncrement: fc.boolean() }),
      ),
    ),
  );
const cell: fc.Arbitrary<SampleCell> = fc.record({
  name: fc.constantFrom("k1", "k2", "k3", "a", "b"),
  type: fc.constantFrom("string" as const, "integer" as const, "binary" as const),
  value: fc.constantFrom("1", "2"),
});
const cells = fc.array(cell, { maxLength: 6 });
const nameOf = ({ name }: { name: string }) => name;

describe("a row that somebody wrote", () => {
  it("is there exactly when nothing is wrong with it", () => {
    fc.assert(
      fc.property(key, cells, (columns, written) => {
        const { row, problems } = readRowDraft(columns, written);
        const isTwice = new Set(written.map(nameOf)).size < written.length;
        const isWrong = columns.some(({ name, type, autoIncrement }) => {
          const last = written.findLast((one) => one.name === name);
          return last ? last.type !== type : !autoIncrement;
        });
        expect(row === null).toBe(isTwice || isWrong);
        expect(problems.length > 0).toBe(isTwice || isWrong);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps every cell, the key in the table's order and the others as they came", () => {
    fc.assert(
      fc.property(key, cells, (columns, written) => {
        const { row } = readRowDraft(columns, written);
        fc.pre(row !== null);
        expect(row?.key.map(nameOf)).toEqual(columns.map(nameOf));
        const names = columns.map(nameOf);
        expect(row?.attributes).toEqual(written.filter((one) => !names.includes(one.name)));
        for (const one of row?.key ?? [])
          if (one.type !== "auto") expect(written).toContainEqual(one);
      }),
      { numRuns: 500 },
    );
  });

  it("is found by its whole key, of which nothing is made up", () => {
    fc.assert(
      fc.property(key, cells, (columns, written) => {
        const { key: found, problems } = readWholeKey(columns, written);
        if (problems.length > 0) return;
        expect(found.map(nameOf)).toEqual(columns.map(nameOf));
        expect(new Set(found)).toEqual(new Set(written));
      }),
      { numRuns: 500 },
    );
  });
});
