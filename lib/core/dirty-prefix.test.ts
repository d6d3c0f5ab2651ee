import { describe, expect, it } from "vitest";
import { checkDirtyPrefix, defaultDirtyPrefix } from "./dirty-prefix";
import { readPrefixTemplate } from "./prefix-template";

const check = (prefix: string, dirty: string) =>
  checkDirtyPrefix(dirty, readPrefixTemplate(prefix)).map((problem) => problem.message);

describe("checkDirtyPrefix", () => {
  it.each(["orders", "orders/$yyyy/$MM", "ds=$yyyy$MM$dd", "$yyyy/$MM", "$yyyy", "a/b=$dd"])(
    "accepts the default beside %s",
    (prefix) => {
      expect(check(prefix, defaultDirtyPrefix("orders"))).toEqual([]);
    },
  );

  it.each([
    ["orders", "orders"],
    ["orders", "orders/"],
    ["orders", "orders/_dirty"],
    ["orders/$yyyy", "orders/_dirty"],
    ["_dirty/orders", "_dirty/orders"],
    ["ds=$yyyy$MM$dd", "ds=20200831/x"],
    ["$yyyy/$MM", "2020/x"],
    ["$yyyy/$MM", "abcd"],
  ])("refuses what would stand under %s: %s", (prefix, dirty) => {
    expect(check(prefix, dirty).join()).toContain("readers would take them for rows");
  });

  it.each([
    ["orders/rows", "orders"],
    ["orders", "orders-dirty"],
    ["orders/$yyyy", "order"],
    ["$yyyy/$MM", "20200"],
    ["ds=$yyyy", "ds="],
  ])("accepts what only looks near %s: %s", (prefix, dirty) => {
    expect(check(prefix, dirty)).toEqual([]);
  });

  it("refuses variables and folders that no key can have", () => {
    expect(check("orders", "d/$yyyy")).toEqual([expect.stringContaining("no time variables")]);
    expect(check("orders", "")).toHaveLength(1);
    expect(check("orders", "a//b")).toHaveLength(1);
  });

  it("checks the folder itself also while the prefix is wrong", () => {
    expect(checkDirtyPrefix("/d", null)).toEqual([
      { field: "dirtyPrefix", message: expect.stringContaining("slash"), at: 0 },
    ]);
  });
});
