import { describe, expect, it } from "vitest";
import { OpenBudget } from "./open-budget";

const mebibyte = 1024 * 1024;

describe("the memory of open batches", () => {
  it("lets one busy channel have all of it", () => {
    const budget = new OpenBudget(100 * mebibyte);
    for (let idle = 0; idle < 1_000; idle += 1) budget.hold(`idle-${idle}`, 100);
    budget.hold("busy", 90 * mebibyte);
    expect(budget.batchBytesMax()).toBe(Number.POSITIVE_INFINITY);
  });

  it("cuts to even shares of those that hold something once it is used up", () => {
    const budget = new OpenBudget(100 * mebibyte);
    budget.hold("a", 90 * mebibyte);
    budget.hold("b", 10 * mebibyte);
    expect(budget.batchBytesMax()).toBe(50 * mebibyte);
    budget.hold("a", 0);
    expect(budget.batchBytesMax()).toBe(Number.POSITIVE_INFINITY);
  });

  it("never asks for batches smaller than a mebibyte", () => {
    const budget = new OpenBudget(10 * mebibyte);
    for (let channel = 0; channel < 100; channel += 1) budget.hold(`${channel}`, mebibyte);
    expect(budget.batchBytesMax()).toBe(mebibyte);
  });
});
