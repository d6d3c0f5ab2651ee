import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPrefixTemplate } from "./prefix-template";
import type { ColumnType } from "./record";
import { checkSchema, type SchemaToCheck } from "./schema-check";
import { encodingsOf, type MappedColumn, type ParquetType, parquetTypeOf } from "./schema-mapping";

const types = ["BOOLEAN", "INT64", "DOUBLE", "UTF8", "BINARY"] as const;
/** A legal column, of any type and one of its encodings; its name is its place. */
const column = (index: number): fc.Arbitrary<MappedColumn> =>
  fc.constantFrom<ParquetType>(...types).chain((type) =>
    fc.constantFrom(...encodingsOf[type]).map((encoding) => ({
      ...{ source: `s${index}`, name: `c${index}`, type, encoding },
    })),
  );
const legal = fc
  .integer({ min: 1, max: 6 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => column(index))));
const template = readPrefixTemplate("lake/day=$dd/Hour=$HH");
const check = (columns: readonly MappedColumn[], more: Partial<SchemaToCheck> = {}) =>
  checkSchema({ kind: "manual", columns, template, table: null, samples: [], ...more });
const fieldsOf = (columns: readonly MappedColumn[], more: Partial<SchemaToCheck> = {}) =>
  check(columns, more).problems.map(({ field }) => field);

describe("a schema mapping", () => {
  it("is fine when its names and sources differ and its encodings are their types'", () => {
    fc.assert(fc.property(legal, (columns) => void expect(fieldsOf(columns)).toEqual([])));
  });

  it("has every wrong column named, at its place and its part, and no other", () => {
    const wrong: Record<string, (one: MappedColumn) => MappedColumn> = {
      name: (one) => ({ ...one, name: "" }),
      "name ": (one) => ({ ...one, name: "HOUR" }),
      "name  ": (one) => ({ ...one, name: "_Action" }),
      "name   ": (one) => ({ ...one, name: `a${"\0"}` }),
      "name    ": (one) => ({ ...one, name: "n".repeat(256) }),
      source: (one) => ({ ...one, source: "" }),
      encoding: (one) => ({ ...one, type: "BOOLEAN", encoding: "DELTA_BYTE_ARRAY" }),
    };
    fc.assert(
      fc.property(legal, fc.nat(), fc.constantFrom(...Object.keys(wrong)), (columns, at, what) => {
        const index = at % columns.length;
        const broken = columns.map((one, place) =>
          place === index ? (wrong[what]?.(one) ?? one) : one,
        );
        expect(fieldsOf(broken)).toEqual([`schema.columns[${index}].${what.trim()}`]);
        expect(new Set(fieldsOf(broken, { kind: "auto" }))).toEqual(new Set(["schema"]));
      }),
    );
  });

  it("has two names that are one to some engine named at the later of them", () => {
    fc.assert(
      fc.property(legal, fc.nat(), fc.boolean(), (columns, at, isUpper) => {
        const twin = columns[at % columns.length] as MappedColumn;
        const name = isUpper ? twin.name.toUpperCase() : twin.name;
        const last = { ...twin, source: "another", name };
        expect(fieldsOf([...columns, last])).toEqual([`schema.columns[${columns.length}].name`]);
      }),
    );
  });

  it("has a source that is mapped twice named at the later of them", () => {
    fc.assert(
      fc.property(legal, fc.nat(), (columns, at) => {
        const twin = columns[at % columns.length] as MappedColumn;
        const fields = fieldsOf([...columns, { ...twin, name: "another" }]);
        expect(fields).toEqual([`schema.columns[${columns.length}].source`]);
      }),
    );
  });

  it("fits a table exactly when each declared column keeps its type", () => {
    const declared = fc.constantFrom<ColumnType>(
      "boolean",
      "integer",
      "double",
      "string",
      "binary",
    );
    fc.assert(
      fc.property(legal, declared, (columns, type) => {
        const [first] = columns as [MappedColumn];
        const definedColumns = [{ name: first.source, type }];
        const table = { name: "t", primaryKey: [], definedColumns, streamExpirationHours: null };
        const isMatch = first.type === parquetTypeOf[type];
        expect(fieldsOf(columns, { table })).toEqual(isMatch ? [] : ["schema.columns[0].type"]);
      }),
    );
  });

  it("has at least one column", () => {
    expect(fieldsOf([])).toEqual(["schema.columns"]);
  });
});
