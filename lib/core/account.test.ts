import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCounts, isBalanced, zeroCounts } from "./account";

const count = fc.nat(1_000_000_000);
const balanced = fc
  .record({
    rows: count,
    deletesIgnored: count,
    dirtyRecords: count,
    dirtyValues: count,
    unmappedValues: count,
    lastWrittenAtMs: count,
  })
  .map((counts) => ({
    ...counts,
    records: counts.rows + counts.deletesIgnored + counts.dirtyRecords,
  }));

describe("the account of records (D2)", () => {
  it("balances over nothing", () => {
    expect(isBalanced(zeroCounts())).toBe(true);
    expect(zeroCounts()).not.toBe(zeroCounts());
  });

  it("stays balanced when balanced accounts are added, in any order", () => {
    fc.assert(
      fc.property(balanced, balanced, (one, other) => {
        const sum = addCounts(one, other);
        expect(isBalanced(sum)).toBe(true);
        expect(addCounts(other, one)).toEqual(sum);
        expect(addCounts(one, zeroCounts())).toEqual(one);
        expect(sum.records).toBe(one.records + other.records);
        expect(sum.lastWrittenAtMs).toBe(Math.max(one.lastWrittenAtMs, other.lastWrittenAtMs));
      }),
    );
  });

  it("shows a record that is lost or counted twice", () => {
    const account = { ...zeroCounts(), records: 3, rows: 1, deletesIgnored: 1, dirtyRecords: 1 };
    expect(isBalanced(account)).toBe(true);
    expect(isBalanced({ ...account, records: 4 })).toBe(false);
    expect(isBalanced({ ...account, rows: 2 })).toBe(false);
  });

  it("does not count dirty or unmapped values as records", () => {
    expect(
      isBalanced({ ...zeroCounts(), records: 1, rows: 1, dirtyValues: 5, unmappedValues: 9 }),
    ).toBe(true);
  });
});
