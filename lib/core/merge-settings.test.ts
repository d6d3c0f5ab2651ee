import { describe, expect, it } from "vitest";
import type { DatasetColumn } from "./dataset";
import { checkMergeSettings, type MergeOrder, mergedPartition } from "./merge-settings";

const columns: DatasetColumn[] = [
  { name: "id", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "raw", type: "BINARY" },
];
const fieldsOf = (order: MergeOrder, smallBytes = 1) =>
  checkMergeSettings({ order, smallBytes, targetBytes: 10 }, columns).map(({ field }) => field);

describe("checkMergeSettings", () => {
  it("takes an order by columns that readers can prune by", () => {
    expect(fieldsOf({ kind: "none", columns: [] })).toEqual([]);
    expect(fieldsOf({ kind: "sorted", columns: ["id"] })).toEqual([]);
    expect(fieldsOf({ kind: "zordered", columns: ["price", "id"] })).toEqual([]);
  });

  it("names every problem at once", () => {
    expect(fieldsOf({ kind: "zordered", columns: ["gone"] }, 11)).toEqual([
      "order.columns",
      "order.columns[0]",
      "smallBytes",
    ]);
    expect(fieldsOf({ kind: "sorted", columns: ["id", "id", "raw"] })).toEqual([
      "order.columns[1]",
      "order.columns[2]",
    ]);
    expect(fieldsOf({ kind: "sorted", columns: [] })).toEqual(["order.columns"]);
    expect(fieldsOf({ kind: "none", columns: ["id"] })).toEqual(["order.columns"]);
  });
});

it("a merged copy lies in the same levels below the merged folder", () => {
  expect(mergedPartition("sales", "sales_merged", "sales/ds=1/region=eu")).toBe(
    "sales_merged/ds=1/region=eu",
  );
  expect(mergedPartition("a/b", "c", "a/b")).toBe("c");
});
