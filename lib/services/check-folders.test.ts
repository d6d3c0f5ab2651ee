import { describe, expect, it } from "vitest";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import { checkFoldersApart } from "./check-folders";

const check = (prefix: string, dirtyPrefix: string | null, other: [string, string | null]) =>
  checkFoldersApart({ template: readPrefixTemplate(prefix), dirtyPrefix }, [
    { name: "other", prefix: other[0], dirtyPrefix: other[1] },
  ]).map(({ field }) => field);

describe("folders of tasks in one bucket", () => {
  it("may be shared by rows, and by dirty values", () => {
    expect(check("a/$yyyy", "_dirty/x/", ["a/$yyyy", "_dirty/x/"])).toEqual([]);
    expect(check("a", null, ["a/b", null])).toEqual([]);
  });

  it("keep dirty values from under the prefix of either task", () => {
    expect(check("a/$yyyy", "b/dirty", ["b/$yyyy", "_dirty/other/"])).toEqual(["dirtyPrefix"]);
    expect(check("_dirty", null, ["b", "_dirty/other/"])).toEqual(["prefix"]);
    expect(check("a", "b/x", ["b", "a/y"])).toEqual(["dirtyPrefix", "prefix"]);
  });
});
