import { describe, expect, it } from "vitest";
import { readPrefixTemplate } from "./prefix-template";
import type { TableDescription } from "./record";
import { checkSchema, type SchemaToCheck } from "./schema-check";
import { type Encoding, encodingsOf, type MappedColumn, type ParquetType } from "./schema-mapping";

const table: TableDescription = {
  name: "orders",
  primaryKey: [{ name: "id", type: "integer" }],
  definedColumns: [{ name: "paid", type: "boolean" }],
  streamExpirationHours: 24,
};

function column(
  name: string,
  type: ParquetType = "UTF8",
  rest: Partial<MappedColumn> = {},
): MappedColumn {
  return { source: name, name, type, encoding: "PLAIN", ...rest };
}

function check(columns: readonly MappedColumn[], rest: Partial<SchemaToCheck> = {}) {
  return checkSchema({
    kind: "manual",
    columns,
    template: null,
    table: null,
    samples: [],
    ...rest,
  });
}

const fields = (columns: readonly MappedColumn[], rest: Partial<SchemaToCheck> = {}) =>
  check(columns, rest).problems.map(({ field }) => field);

describe("checkSchema", () => {
  it("accepts any fields in any order under any new names", () => {
    const columns = [
      column("paid", "BOOLEAN", { name: "is paid?" }),
      column("note", "UTF8", { name: '日本 "`\\' }),
      column("id", "INT64", { name: "select" }),
      column("blob", "BINARY"),
    ];
    expect(check(columns, { table }).problems).toEqual([]);
  });

  it("refuses an empty mapping and one of more than 1,024 columns", () => {
    expect(fields([])).toEqual(["schema.columns"]);
    const many = Array.from({ length: 1_025 }, (_, at) => column(`c${at}`));
    expect(fields(many)).toEqual(["schema.columns"]);
    expect(fields(many.slice(1))).toEqual([]);
  });

  it("names every problem at once, by field", () => {
    const columns = [
      column("a"),
      column("", "UTF8", { name: "A" }),
      column("id", "UTF8", { name: "year", encoding: "DELTA_BINARY_PACKED" }),
      column("a", "UTF8", { name: "a" }),
      column("b", "UTF8", { name: "_Sequence" }),
      column("c", "UTF8", { name: "x".repeat(256) }),
      column("d", "UTF8", { name: "\0" }),
      column("e", "UTF8", { name: "\udc00" }),
      column("f", "UTF8", { name: "" }),
    ];
    const template = readPrefixTemplate("p/Year=$yyyy");
    expect(fields(columns, { template, table }).sort()).toEqual(
      [
        "schema.columns[1].name",
        "schema.columns[1].source",
        "schema.columns[2].name",
        "schema.columns[2].type",
        "schema.columns[2].encoding",
        "schema.columns[3].name",
        "schema.columns[3].source",
        "schema.columns[4].name",
        "schema.columns[5].name",
        "schema.columns[6].name",
        "schema.columns[7].name",
        "schema.columns[8].name",
      ].sort(),
    );
  });

  it("tells a duplicate from a name that differs only in case", () => {
    const messages = check([
      column("a"),
      column("A"),
      column("x", "UTF8", { name: "a" }),
    ]).problems.map(({ message }) => message);
    expect(messages).toEqual([
      "A differs from a only in case; Hive would take them for one.",
      "Two columns are named a.",
    ]);
  });

  it("refuses the name of any name=value folder, and only of those", () => {
    const columns = [column("year"), column("region"), column("month")];
    const template = readPrefixTemplate("lake/region=eu/year=$yyyy/$MM");
    expect(fields(columns, { template })).toEqual([
      "schema.columns[0].name",
      "schema.columns[1].name",
    ]);
  });

  it("measures names in bytes of UTF-8", () => {
    expect(fields([column("é".repeat(127))])).toEqual([]);
    expect(fields([column("é".repeat(128))])).toEqual(["schema.columns[0].name"]);
  });

  it("takes for each type the encodings that Parquet has for it, and no other", () => {
    const all: Encoding[] = [
      "PLAIN",
      "PLAIN_DICTIONARY",
      "DELTA_BINARY_PACKED",
      "DELTA_LENGTH_BYTE_ARRAY",
      "DELTA_BYTE_ARRAY",
    ];
    for (const type of ["BOOLEAN", "INT64", "DOUBLE", "UTF8", "BINARY"] as const) {
      const legal = all.filter(
        (encoding) => fields([column("a", type, { encoding })]).length === 0,
      );
      expect(new Set(legal)).toEqual(new Set(encodingsOf[type]));
    }
    expect(fields([column("a", "BOOLEAN", { encoding: "PLAIN_DICTIONARY" })])).toHaveLength(1);
    expect(fields([column("a", "DOUBLE", { encoding: "DELTA_BINARY_PACKED" })])).toHaveLength(1);
  });

  it("refuses a type that no value of a declared column has", () => {
    expect(fields([column("id", "DOUBLE")], { table })).toEqual(["schema.columns[0].type"]);
    expect(fields([column("paid", "UTF8")], { table })).toEqual(["schema.columns[0].type"]);
    expect(fields([column("id", "DOUBLE")])).toEqual([]);
  });

  it("only warns of sources that nobody has seen and of types that samples disagree with", () => {
    const samples = [
      { cells: [{ name: "x", type: "string" as const, value: "" }] },
      { cells: [{ name: "x", type: "integer" as const, value: "1" }] },
    ];
    const verdict = check([column("id", "INT64"), column("x"), column("new")], { table, samples });
    expect(verdict.problems).toEqual([]);
    expect(verdict.warnings).toEqual([
      { field: "schema.columns[1].type", message: expect.stringContaining("integer") },
      { field: "schema.columns[2].source", message: expect.stringContaining("No sampled row") },
    ]);
  });

  it("warns when a manual mapping leaves the primary key out", () => {
    const { warnings } = check([column("paid", "BOOLEAN")], { table });
    expect(warnings).toEqual([{ field: "schema.columns", message: expect.stringContaining("id") }]);
  });

  it("warns of names that some engines cannot read", () => {
    expect(check([column("a b")]).warnings[0]).toMatchObject({
      field: "schema.columns[0].name",
      at: 1,
    });
  });

  it("blames an auto mapping as a whole and says which columns only people can map", () => {
    const verdict = check([column("id", "INT64"), column("ID", "INT64")], {
      kind: "auto",
      table: { ...table, definedColumns: [{ name: "blob", type: "binary" }] },
    });
    expect(verdict.problems.map(({ field }) => field)).toEqual(["schema"]);
    expect(verdict.warnings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("blob is binary"),
    );
  });
});
