import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnType, SampleRow, TableDescription } from "./record";
import { extendAutoSchema, generateAutoSchema, listAddedColumns } from "./schema-auto";
import { mappedColumnsMax, type SchemaMapping } from "./schema-mapping";

const table: TableDescription = {
  name: "orders",
  primaryKey: [
    { name: "region", type: "string" },
    { name: "id", type: "integer" },
  ],
  definedColumns: [{ name: "paid", type: "boolean" }],
  streamExpirationHours: 24,
};

function row(...cells: [string, ColumnType][]): SampleRow {
  return { cells: cells.map(([name, type]) => ({ name, type, value: "" })) };
}

const shape = (mapping: SchemaMapping) =>
  mapping.columns.map(({ name, type }) => `${name} ${type}`);

describe("generateAutoSchema", () => {
  it("orders primary key, defined columns, then columns as they are first seen", () => {
    const mapping = generateAutoSchema(
      table,
      [
        row(["region", "string"], ["id", "integer"], ["note", "string"]),
        row(["region", "string"], ["id", "integer"], ["price", "double"], ["note", "string"]),
      ],
      ["_action"],
    );
    expect(shape(mapping)).toEqual([
      "region UTF8",
      "id INT64",
      "paid BOOLEAN",
      "note UTF8",
      "price DOUBLE",
    ]);
    expect(mapping).toMatchObject({ kind: "auto", version: 1, metadataColumns: ["_action"] });
    expect(mapping.columns[0]).toEqual({
      source: "region",
      name: "region",
      type: "UTF8",
      encoding: "PLAIN",
    });
  });

  it("gives a column of several types its defined type, else the first one seen", () => {
    const mapping = generateAutoSchema(
      table,
      [row(["paid", "string"], ["x", "integer"]), row(["x", "string"])],
      [],
    );
    expect(shape(mapping)).toContain("paid BOOLEAN");
    expect(shape(mapping)).toContain("x INT64");
  });

  it("leaves binary columns to people, also when a stray value has another type", () => {
    const withBlob = { ...table, definedColumns: [{ name: "blob", type: "binary" as const }] };
    const mapping = generateAutoSchema(withBlob, [row(["blob", "string"], ["raw", "binary"])], []);
    expect(shape(mapping)).toEqual(["region UTF8", "id INT64"]);
  });

  it("takes the first type that maps when a column was binary before", () => {
    const mapping = generateAutoSchema(table, [row(["raw", "binary"]), row(["raw", "string"])], []);
    expect(shape(mapping)).toContain("raw UTF8");
  });
});

describe("extendAutoSchema", () => {
  const first = generateAutoSchema(table, [], []);

  it("adds unseen columns at the end and starts the next version", () => {
    const next = extendAutoSchema(first, [{ name: "note", type: "string" }], "orders");
    expect(next.version).toBe(2);
    expect(shape(next)).toEqual([...shape(first), "note UTF8"]);
    expect(next.columns.slice(0, first.columns.length)).toEqual(first.columns);
  });

  it("stays the same version when there is nothing to add", () => {
    expect(extendAutoSchema(first, [], "orders")).toBe(first);
    expect(extendAutoSchema(first, [{ name: "id", type: "string" }], "orders")).toBe(first);
    expect(extendAutoSchema(first, [{ name: "raw", type: "binary" }], "orders")).toBe(first);
  });

  it("takes one column of the name when it comes with two types at once", () => {
    const next = extendAutoSchema(
      first,
      [
        { name: "x", type: "double" },
        { name: "x", type: "string" },
      ],
      "orders",
    );
    expect(shape(next).slice(first.columns.length)).toEqual(["x DOUBLE"]);
  });

  it("renames a column that collides with another, a partition folder or a metadata column", () => {
    const next = extendAutoSchema(
      first,
      [
        { name: "ID", type: "integer" },
        { name: "Id", type: "integer" },
        { name: "month", type: "string" },
        { name: "_ACTION", type: "string" },
      ],
      "orders/year=$yyyy/month=$MM",
    );
    expect(next.columns.slice(3).map(({ source, name }) => [source, name])).toEqual([
      ["ID", "ID_2"],
      ["Id", "Id_3"],
      ["month", "month_2"],
      ["_ACTION", "_ACTION_2"],
    ]);
  });

  it("knows a renamed column again by its source", () => {
    const next = extendAutoSchema(first, [{ name: "ID", type: "integer" }], "orders");
    expect(listAddedColumns(next, [{ name: "ID", type: "integer" }])).toEqual([]);
  });

  it("stops at the most columns that a mapping can have", () => {
    const many = Array.from({ length: 2_000 }, (_, at) => ({
      name: `c${at}`,
      type: "string" as const,
    }));
    const full = extendAutoSchema(first, many, "orders");
    expect(full.columns).toHaveLength(mappedColumnsMax);
    expect(extendAutoSchema(full, [{ name: "more", type: "string" }], "orders")).toBe(full);
  });

  it("never lets two names differ only in case, whatever comes, and settles after one step", () => {
    const column = fc.record({
      name: fc.stringMatching(/^[aAbB_2]{1,4}$/),
      type: fc.constantFrom<ColumnType>("string", "integer", "double", "boolean", "binary"),
    });
    fc.assert(
      fc.property(fc.array(column, { maxLength: 30 }), (unseen) => {
        const next = extendAutoSchema(first, unseen, "p/a=$yyyy");
        const names = next.columns.map(({ name }) => name.toLowerCase());
        expect(new Set([...names, "a"]).size).toBe(names.length + 1);
        expect(extendAutoSchema(next, unseen, "p/a=$yyyy")).toBe(next);
      }),
    );
  });
});
