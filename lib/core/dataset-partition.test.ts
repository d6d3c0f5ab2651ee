import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainPartitionValue, readPartitionSpec, specOfFolder } from "./dataset-partition";

const dataset = { folder: "lake/sales", partitionColumns: ["ds", "region"] };

describe("a partition spec", () => {
  it("is read in any order and written in the dataset's", () => {
    expect(readPartitionSpec(dataset, "region='eu', ds=2026-01-01")).toEqual({
      kind: "partition",
      partition: { folder: "lake/sales/ds=2026-01-01/region=eu", spec: "ds=2026-01-01,region=eu" },
    });
    expect(readPartitionSpec({ folder: "lake", partitionColumns: [] }, "")).toEqual({
      kind: "partition",
      partition: { folder: "lake", spec: "" },
    });
  });

  it("comes back from its folder, whatever its values are", () => {
    const value = fc
      .string({ unit: fc.constantFrom("a", "Z", "0", "é", "漢", "_", "@", ".", "-"), minLength: 1 })
      .filter((text) => explainPartitionValue(text) === null);
    fc.assert(
      fc.property(value, value, (ds, region) => {
        const read = readPartitionSpec(dataset, `ds=${ds},region=${region}`);
        expect(read.kind).toBe("partition");
        if (read.kind !== "partition") return;
        expect(specOfFolder(dataset, read.partition.folder)).toBe(read.partition.spec);
        expect(readPartitionSpec(dataset, read.partition.spec)).toEqual(read);
      }),
    );
  });

  it.each(["", "ds=1", "region=eu"])("that lacks a column says which: %j", (spec) => {
    expect(readPartitionSpec(dataset, spec)).toMatchObject({ kind: "missing" });
  });

  it.each([
    "ds=1,region=eu,hour=3",
    "ds=1,ds=2,region=eu",
    "ds,region=eu",
    "ds=..,region=eu",
    "ds=a b,region=eu",
    "ds=%2F,region=eu",
    "ds=,region=eu",
    "ds=a:b,region=eu",
    `ds=${"x".repeat(129)},region=eu`,
  ])("that no folder can be made of is refused: %s", (spec) => {
    expect(readPartitionSpec(dataset, spec)).toMatchObject({ kind: "invalid" });
  });

  it("says nothing of a dataset without partitions", () => {
    expect(readPartitionSpec({ folder: "lake", partitionColumns: [] }, "ds=1")).toMatchObject({
      kind: "invalid",
    });
  });
});
