import { describe, expect, it } from "vitest";
import type { DatasetSettings } from "./dataset";
import { checkColumnChange, checkDataset } from "./dataset-check";

const good = {
  name: "sales-eu",
  folder: "lake/sales",
  partitionColumns: ["ds", "region"],
  columns: [
    { name: "id", type: "INT64" },
    { name: "note", type: "UTF8" },
  ],
} as const satisfies Partial<DatasetSettings>;

const fieldsOf = (changes: Partial<Parameters<typeof checkDataset>[0]>) =>
  checkDataset({ ...good, ...changes }).map(({ field }) => field);

describe("a dataset", () => {
  it("can be made with plain names", () => {
    expect(checkDataset(good)).toEqual([]);
  });

  it.each([
    ["a name with capitals", { name: "Sales" }, ["name"]],
    ["a name of two characters", { name: "ab" }, ["name"]],
    ["a folder with a time variable", { folder: "lake/$yyyy" }, ["folder"]],
    ["a folder that engines take for a partition", { folder: "lake/ds=1" }, ["folder"]],
    ["a folder with empty parts", { folder: "lake//sales/" }, ["folder", "folder"]],
    ["a partition column twice", { partitionColumns: ["ds", "ds"] }, ["partitionColumns[1]"]],
    ["a partition column with capitals", { partitionColumns: ["Ds"] }, ["partitionColumns[0]"]],
    [
      "more partition levels than engines list well",
      { partitionColumns: ["a", "b", "c", "d", "e", "f", "g"] },
      ["partitionColumns"],
    ],
    [
      "a column that is a folder too",
      { columns: [{ name: "DS", type: "UTF8" as const }] },
      ["columns[0].name"],
    ],
    [
      "two columns that differ in case",
      {
        columns: [
          { name: "id", type: "INT64" as const },
          { name: "ID", type: "INT64" as const },
        ],
      },
      ["columns[1].name"],
    ],
    [
      "a reserved column",
      { columns: [{ name: "_action", type: "UTF8" as const }] },
      ["columns[0].name"],
    ],
  ])("cannot be made with %s", (_what, changes, fields) => {
    expect(fieldsOf(changes)).toEqual(fields);
  });

  it("names every problem at once", () => {
    expect(fieldsOf({ name: "X", folder: "", partitionColumns: ["1"], columns: [] })).toEqual([
      "name",
      "folder",
      "partitionColumns[0]",
      "columns",
    ]);
  });
});

describe("a change of the columns", () => {
  const added = [...good.columns, { name: "price", type: "DOUBLE" }] as const;

  it("may add columns at the end, and nothing else", () => {
    const fieldsAfter = (columns: DatasetSettings["columns"]) =>
      checkColumnChange(good.columns, columns, good).map(({ field }) => field);
    expect(fieldsAfter(added)).toEqual([]);
    expect(fieldsAfter(good.columns)).toEqual([]);
    expect(fieldsAfter([...added].reverse())).toEqual(["columns[0]"]);
    expect(fieldsAfter([{ name: "id", type: "INT64" }])).toEqual(["columns"]);
    expect(fieldsAfter([{ name: "id", type: "UTF8" }, ...added.slice(1)])).toEqual(["columns[0]"]);
    expect(fieldsAfter([...added, { name: "Price", type: "UTF8" }])).toEqual(["columns[3].name"]);
  });
});
