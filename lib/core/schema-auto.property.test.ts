import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listHiveNames } from "./prefix-layout";
import { readPrefixTemplate } from "./prefix-template";
import type { ColumnType, TableColumn } from "./record";
import { extendAutoSchema, generateAutoSchema, listAddedColumns } from "./schema-auto";
import { checkSchema } from "./schema-check";
import { mappedColumnsMax, parquetTypeOf, reservedNames } from "./schema-mapping";

const type = fc.constantFrom<ColumnType>("boolean", "integer", "double", "string", "binary");
/** Names that like to collide: with each other, with a folder, with a metadata column, with a way out. */
const name = fc.constantFrom(
  ...["a", "A", "a_2", "A_2", "a_3", "day", "Day", "day_2", "_action", "_ACTION", "_sequence", "b"],
);
const column: fc.Arbitrary<TableColumn> = fc.record({ name, type });
const columns = fc.array(column, { maxLength: 10 });
const prefix = "lake/day=$dd";
const noneYet = generateAutoSchema(
  { name: "t", primaryKey: [], definedColumns: [], streamExpirationHours: null },
  [],
  [],
);

const grown = (steps: readonly TableColumn[][]) =>
  steps.reduce((mapping, seen) => extendAutoSchema(mapping, seen, prefix), noneYet);

describe("a mapping that grows by itself", () => {
  it("grows by one version at most, at its end, and changes nothing that objects have", () => {
    fc.assert(
      fc.property(fc.array(columns, { maxLength: 3 }), columns, (steps, seen) => {
        const before = grown(steps);
        const after = extendAutoSchema(before, seen, prefix);
        expect(after.columns.slice(0, before.columns.length)).toEqual(before.columns);
        const isGrown = after.columns.length > before.columns.length;
        expect(after.version).toBe(before.version + (isGrown ? 1 : 0));
        if (!isGrown) expect(after).toBe(before);
      }),
    );
  });

  it("knows what it has taken on: the same columns start no second version", () => {
    fc.assert(
      fc.property(fc.array(columns, { maxLength: 3 }), columns, (steps, seen) => {
        const after = extendAutoSchema(grown(steps), seen, prefix);
        expect(listAddedColumns(after, seen)).toEqual([]);
        expect(extendAutoSchema(after, seen, prefix)).toBe(after);
      }),
    );
  });

  it("takes on each column once, under its first mappable type, and no binary one", () => {
    fc.assert(
      fc.property(columns, (seen) => {
        const after = grown([seen]);
        const first = new Map<string, ColumnType>();
        for (const one of seen) {
          if (one.type !== "binary" && !first.has(one.name)) first.set(one.name, one.type);
        }
        expect(after.columns.map((one) => [one.source, one.type])).toEqual(
          [...first].map(([source, of]) => [source, parquetTypeOf[of]]),
        );
      }),
    );
  });

  it("can always be read: no two names alike, none of a folder or of a metadata column", () => {
    const template = readPrefixTemplate(prefix);
    fc.assert(
      fc.property(fc.array(columns, { maxLength: 4 }), (steps) => {
        const { columns: mapped } = grown(steps);
        const names = mapped.map((one) => one.name.toLowerCase());
        expect(new Set(names).size).toBe(names.length);
        const taken = [...(template ? listHiveNames(template) : []), ...reservedNames];
        for (const one of taken) expect(names).not.toContain(one.toLowerCase());
        if (mapped.length === 0) return;
        const schema = {
          kind: "auto" as const,
          columns: mapped,
          template,
          table: null,
          samples: [],
        };
        expect(checkSchema(schema).problems).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("stops at the most columns that a mapping has", () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 3 }), (beside) => {
        const many = Array.from({ length: mappedColumnsMax + beside }, (_, index) => ({
          ...{ name: `c${index}`, type: "integer" as const },
        }));
        const after = grown([many]);
        expect(after.columns.length).toBe(Math.min(many.length, mappedColumnsMax));
        expect(extendAutoSchema(after, many, prefix)).toBe(after);
      }),
      { numRuns: 10 },
    );
  });
});

describe("the first version of a mapping", () => {
  it("has the key, then what is defined, then what was seen, and keeps declared types", () => {
    fc.assert(
      fc.property(columns, columns, columns, (key, defined, cells) => {
        const declared = [...key, ...defined];
        const table = {
          name: "t",
          primaryKey: key,
          definedColumns: defined,
          streamExpirationHours: null,
        };
        const sample = { cells: cells.map((cell) => ({ ...cell, value: "" })) };
        const mapping = generateAutoSchema(table, [sample], []);
        const names = new Set(declared.map((one) => one.name));
        const rest = cells.filter((one) => !names.has(one.name));
        const expected = listAddedColumns(noneYet, [...declared, ...rest]);
        expect(mapping.columns.map(({ source }) => source)).toEqual(
          expected.map((one) => one.name),
        );
        for (const { source, type: mapped } of mapping.columns) {
          const first = declared.find((one) => one.name === source && one.type !== "binary");
          if (first) expect(mapped).toBe(parquetTypeOf[first.type]);
        }
        expect(mapping.version).toBe(1);
      }),
    );
  });
});
