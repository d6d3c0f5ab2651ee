import { describe, expect, it } from "vitest";
import { OpenBudget, type PageHold } from "./open-budget";

const mebibyte = 1024 * 1024;

describe("the memory of a worker", () => {
  it("lets one busy channel have what idle ones do not need", () => {
    const budget = new OpenBudget(128 * mebibyte);
    for (let idle = 0; idle < 1_000; idle += 1) budget.hold(`idle-${idle}`, 100);
    budget.hold("busy", 90 * mebibyte);
    expect(budget.batchBytesMax()).toBe(Number.POSITIVE_INFINITY);
    expect(budget.isShort).toBe(false);
  });

  it("tells those above their share to seal once it is used up, pages counted", async () => {
    const budget = new OpenBudget(128 * mebibyte);
    budget.hold("a", 80 * mebibyte);
    budget.hold("b", 10 * mebibyte);
    await budget.admitPage(4 * mebibyte);
    expect(budget.isShort).toBe(false);
    budget.hold("b", 14 * mebibyte);
    expect(budget.batchBytesMax()).toBe(48 * mebibyte);
    budget.hold("a", 0);
    expect(budget.isShort).toBe(false);
  });

  it("admits pages in the order of asking, as memory comes free", async () => {
    const budget = new OpenBudget(128 * mebibyte);
    budget.hold("a", 94 * mebibyte);
    const admitted: string[] = [];
    const waits: string[] = [];
    const ask = (name: string, bytes: number): Promise<PageHold> =>
      budget
        .admitPage(bytes, () => waits.push(name))
        .then((hold) => {
          admitted.push(name);
          return hold;
        });
    const first = ask("first", 4 * mebibyte);
    const small = ask("small", 1);
    expect(waits).toEqual(["first", "small"]);
    expect(budget.isShort).toBe(true);
    expect(budget.hasRoomAhead(1)).toBe(false);
    budget.hold("a", 92 * mebibyte);
    await first;
    expect(admitted).toEqual(["first"]);
    (await first).release();
    await small;
    expect(admitted).toEqual(["first", "small"]);
  });

  it("counts a page out once, however often it is released", async () => {
    const budget = new OpenBudget(128 * mebibyte);
    const hold = await budget.admitPage(50 * mebibyte);
    hold.release();
    hold.release();
    budget.hold("a", 96 * mebibyte);
    expect(budget.isShort).toBe(false);
    budget.hold("a", 96 * mebibyte + 1);
    expect(budget.isShort).toBe(true);
  });

  it("gives writers that are open already less as partitions are opened, and more as they are closed", () => {
    const budget = new OpenBudget(128 * mebibyte);
    budget.countPartitions(1);
    const limits = budget.limitsOf(10);
    expect(limits.rowGroupBytesMax).toBe(16 * mebibyte);
    budget.countPartitions(127);
    expect(limits.rowGroupBytesMax).toBe(mebibyte);
    budget.countPartitions(-64);
    expect(limits.rowGroupBytesMax).toBe(2 * mebibyte);
  });
});
