import { describe, expect, it } from "vitest";
import { checkTaskName } from "./task-name";

describe("checkTaskName", () => {
  it.each(["abc", "a-b", "0a9", "orders-eu-2024", "abcdefghijklmnop", "a--b"])(
    "accepts %s",
    (name) => {
      expect(checkTaskName(name)).toEqual([]);
    },
  );

  it.each(["", "ab", "abcdefghijklmnopq", "Abc", "a_b", "-ab", "ab-", "a b", "aé1", "---"])(
    "refuses %j",
    (name) => {
      expect(checkTaskName(name)).not.toEqual([]);
      expect(/^[a-z0-9][a-z0-9-]{1,14}[a-z0-9]$/.test(name)).toBe(false);
    },
  );

  it("refuses the names of the published examples, which break the published rule", () => {
    for (const name of ["testTask", "testTaskTimeParitioned", "testTaskDs", "sampledeliverytask"]) {
      expect(checkTaskName(name)).not.toEqual([]);
    }
  });

  it("names every problem at once, each with its place", () => {
    expect(checkTaskName("-Orders_of_the_world-")).toEqual([
      { field: "name", message: expect.stringContaining("this one has 21") },
      { field: "name", message: expect.stringContaining('"O"'), at: 1 },
      { field: "name", message: expect.stringContaining("starts"), at: 0 },
      { field: "name", message: expect.stringContaining("ends"), at: 20 },
    ]);
  });

  it("counts characters and not UTF-16 units", () => {
    expect(checkTaskName("😀", "taskName")[0]?.message).toContain("has 1");
  });
});
