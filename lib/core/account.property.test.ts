import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCounts, isBalanced, zeroCounts } from "./account";
import type { RecordCounts } from "./ports/table-source";

const count = fc.nat({ max: 1_000_000 });
const balanced = fc
  .record({
    ...{ rows: count, deletesIgnored: count, dirtyRecords: count, dirtyValues: count },
    ...{ unmappedValues: count, lastWrittenAtMs: count },
  })
  .map((parts) => ({
    ...parts,
    records: parts.rows + parts.deletesIgnored + parts.dirtyRecords,
  }));

describe("D2: the account", () => {
  it("balances for a whole when it balances for its parts, however they are added up", () => {
    fc.assert(
      fc.property(fc.array(balanced), (parts) => {
        expect(isBalanced(parts.reduce(addCounts, zeroCounts()))).toBe(true);
      }),
    );
  });

  it("is the same in any order and grouping, and nothing adds nothing", () => {
    fc.assert(
      fc.property(balanced, balanced, balanced, (a, b, c) => {
        expect(addCounts(a, b)).toEqual(addCounts(b, a));
        expect(addCounts(addCounts(a, b), c)).toEqual(addCounts(a, addCounts(b, c)));
        expect(addCounts(a, zeroCounts())).toEqual(a);
      }),
    );
  });

  it("counts each kind apart, and knows the newest record of both", () => {
    const counters = [
      ...["records", "rows", "deletesIgnored", "dirtyRecords", "dirtyValues", "unmappedValues"],
    ] as (keyof RecordCounts)[];
    fc.assert(
      fc.property(balanced, balanced, (a, b) => {
        const sum = addCounts(a, b);
        for (const counter of counters) expect(sum[counter]).toBe(a[counter] + b[counter]);
        expect(sum.lastWrittenAtMs).toBe(Math.max(a.lastWrittenAtMs, b.lastWrittenAtMs));
      }),
    );
  });

  it("does not balance when one record is counted twice or not at all", () => {
    const counter = fc.constantFrom("records", "rows", "deletesIgnored", "dirtyRecords");
    fc.assert(
      fc.property(balanced, counter, (account, name) => {
        expect(isBalanced({ ...account, [name]: account[name as "rows"] + 1 })).toBe(false);
      }),
    );
  });
});
