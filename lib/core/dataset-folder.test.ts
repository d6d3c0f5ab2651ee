import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkDatasetFolder,
  checkTaskAgainstDatasets,
  overlapsTemplate,
  type WriterFolders,
} from "./dataset-folder";
import { type PrefixTemplate, readPrefixTemplate, renderPartition } from "./prefix-template";

const task = (prefix: string, dirtyPrefix: string | null = null): WriterFolders => ({
  kind: "task",
  name: "orders",
  prefix,
  dirtyPrefix,
});
const templateOf = (prefix: string): PrefixTemplate => {
  const template = readPrefixTemplate(prefix);
  if (template === null) throw new Error(`not a prefix: ${prefix}`);
  return template;
};

describe("a dataset's folder", () => {
  it.each([
    ["lake/sales", "lake/sales", true],
    ["lake/sales", "lake/sales/$yyyy", true],
    ["lake/sales/deep", "lake/sales/$yyyy", true],
    ["lake", "lake/sales/year=$yyyy", true],
    ["lake/sales", "lake/sales2", false],
    ["lake/sales2", "lake/sales/$yyyy", false],
    ["2026", "$yyyy/$MM", true],
    ["lakes", "$yyyy/$MM", false],
    ["lake/orders-2026", "lake/orders-$yyyy", true],
  ])("%s beside a task's %s lies in it: %s", (folder, prefix, overlaps) => {
    expect(checkDatasetFolder(folder, [task(prefix)]).length > 0).toBe(overlaps);
    const own = { template: templateOf(prefix), dirtyPrefix: null };
    const fields = checkTaskAgainstDatasets(own, [{ name: "d", folder }]).map((p) => p.field);
    expect(fields).toEqual(overlaps ? ["prefix"] : []);
  });

  it("holds no task's dirty values, and no task puts them there", () => {
    expect(checkDatasetFolder("_dirty", [task("x", "_dirty/orders/")])).toHaveLength(1);
    expect(checkDatasetFolder("_dirty/orders/deep", [task("x", "_dirty/orders/")])).toEqual([]);
    const own = { template: templateOf("x"), dirtyPrefix: "lake/sales/dirty" };
    const fields = checkTaskAgainstDatasets(own, [{ name: "d", folder: "lake/sales" }]);
    expect(fields.map(({ field }) => field)).toEqual(["dirtyPrefix"]);
  });

  it("never holds an object of a task that it was found to be apart from", () => {
    const text = fc.constantFrom("a", "b", "2", "20", "2026");
    const part = fc.oneof(text, fc.constantFrom("$yyyy", "$MM", "x-$dd"));
    const folderOf = (of: fc.Arbitrary<string>) =>
      fc.array(of, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(
        folderOf(text),
        folderOf(part),
        fc.record({
          year: fc.integer({ min: 2000, max: 2099 }),
          month: fc.integer({ min: 1, max: 12 }),
          day: fc.integer({ min: 1, max: 28 }),
          hour: fc.constant(0),
          minute: fc.constant(0),
        }),
        (folder, prefix, minute) => {
          const template = templateOf(prefix);
          const partition = renderPartition(template, minute);
          const meets =
            `${partition}/object`.startsWith(`${folder}/`) ||
            `${folder}/object`.startsWith(`${partition}/`);
          if (meets) expect(overlapsTemplate(folder, template)).toBe(true);
        },
      ),
    );
  });
});
