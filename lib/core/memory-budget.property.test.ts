import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batchBytesMax,
  fitsPage,
  planRelief,
  planWriterLimits,
  reserveBytesOf,
  rowGroupBytesMax,
} from "./memory-budget";

const mebibyte = 1024 * 1024;
const budgets = fc.integer({ min: 64, max: 4_096 }).map((count) => count * mebibyte);
const pageBytesMax = 4 * mebibyte;

/** Channels with their rows, and what a step of one of them may bring: its dice decide. */
const worlds = fc.record({
  budgetBytes: budgets,
  channels: fc.integer({ min: 1, max: 60 }),
  steps: fc.array(
    fc.record({
      channel: fc.nat(),
      pageBytes: fc.integer({ min: 1, max: pageBytesMax }),
      /** How much a page becomes in columns, in hundredths of its size. */
      growth: fc.integer({ min: 1, max: 110 }),
    }),
    { minLength: 50, maxLength: 600 },
  ),
});

/** What the loops do with the decisions: read where it fits, seal where they are told to. */
class Channels {
  readonly rows: number[];
  peakBytes = 0;
  readonly #budgetBytes: number;

  constructor(budgetBytes: number, count: number) {
    this.#budgetBytes = budgetBytes;
    this.rows = Array.from({ length: count }, () => 0);
  }

  facts(wantedBytes: number) {
    const heldBytes = this.rows.reduce((sum, bytes) => sum + bytes, 0);
    const holders = this.rows.filter((bytes) => bytes > 0).length;
    return { budgetBytes: this.#budgetBytes, heldBytes, holders, wantedBytes };
  }

  /** Those that are told to seal do. */
  seal(wantedBytes: number): number[] {
    const max = batchBytesMax(this.facts(wantedBytes));
    const sealed = this.rows.filter((bytes) => bytes >= max);
    this.rows.forEach((bytes, at) => {
      if (bytes >= max) this.rows[at] = 0;
    });
    return sealed;
  }

  append(at: number, pageBytes: number, grownBytes: number): void {
    this.peakBytes = Math.max(this.peakBytes, this.facts(0).heldBytes + pageBytes + grownBytes);
    this.rows[at] = (this.rows[at] ?? 0) + grownBytes;
  }
}

describe("a worker's memory", () => {
  it("is never exceeded by channels that do as they are told (M1)", () => {
    fc.assert(
      fc.property(worlds, ({ budgetBytes, channels, steps }) => {
        const world = new Channels(budgetBytes, channels);
        for (const { channel, pageBytes, growth } of steps) {
          while (!fitsPage(world.facts(pageBytes))) world.seal(pageBytes);
          world.append(channel % channels, pageBytes, Math.ceil((pageBytes * growth) / 100));
        }
        expect(world.peakBytes).toBeLessThanOrEqual(budgetBytes);
      }),
    );
  });

  it("comes free again: while a page waits and none is held, somebody is told to seal (M2)", () => {
    const held = fc.array(fc.integer({ min: 1, max: 300 * mebibyte }), { minLength: 1 });
    fc.assert(
      fc.property(
        budgets,
        held,
        fc.integer({ min: 1, max: 64 * mebibyte }),
        (budget, rows, page) => {
          const world = new Channels(budget, rows.length);
          rows.forEach((bytes, at) => {
            world.rows[at] = bytes;
          });
          if (fitsPage(world.facts(page))) return;
          expect(world.seal(page)).not.toEqual([]);
        },
      ),
    );
  });

  it("is taken from those that hold their even share or more, and from nobody while all fits (M3, M4)", () => {
    const facts = fc.record({
      budgetBytes: budgets,
      heldBytes: fc.integer({ min: 0, max: 8_192 * mebibyte }),
      holders: fc.integer({ min: 1, max: 2_000 }),
      wantedBytes: fc.integer({ min: 0, max: 64 * mebibyte }),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const { budgetBytes, heldBytes, holders, wantedBytes } = given;
        const usable = budgetBytes - reserveBytesOf(budgetBytes);
        const max = batchBytesMax(given);
        if (heldBytes + wantedBytes <= usable) expect(max).toBe(Number.POSITIVE_INFINITY);
        else if (usable > wantedBytes)
          expect(max).toBeGreaterThanOrEqual(Math.floor((usable - wantedBytes) / holders));
        expect(max).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it("lets in a page of any size once nothing else is held", () => {
    fc.assert(
      fc.property(budgets, fc.integer({ min: 1 }), (budgetBytes, wantedBytes) => {
        expect(fitsPage({ budgetBytes, heldBytes: 0, holders: 0, wantedBytes })).toBe(true);
      }),
    );
  });
});

describe("the share of a partition", () => {
  const shares = fc.record({
    budgetBytes: budgets,
    partitions: fc.integer({ min: 1, max: 5_000 }),
    columns: fc.integer({ min: 1, max: 2_048 }),
  });

  it("is the smaller of 16 MB and an even part of the budget, for its row group", () => {
    fc.assert(
      fc.property(shares, (given) => {
        const limits = planWriterLimits(given);
        const even = Math.floor(given.budgetBytes / given.partitions);
        expect(limits.rowGroupBytesMax).toBe(Math.min(16 * mebibyte, rowGroupBytesMax, even));
      }),
    );
  });

  it("keeps open pages of all partitions within an eighth of the budget, down to 1 KB each", () => {
    fc.assert(
      fc.property(shares, (given) => {
        const { pageBytesMax: bytes } = planWriterLimits(given);
        const pages = given.partitions * given.columns;
        expect(Math.max(bytes - 1024, 0) * pages).toBeLessThanOrEqual(given.budgetBytes / 8);
      }),
    );
  });

  it("only comes down as partitions are opened", () => {
    fc.assert(
      fc.property(shares, (given) => {
        const fewer = planWriterLimits(given);
        const more = planWriterLimits({ ...given, partitions: given.partitions + 1 });
        expect(more.rowGroupBytesMax).toBeLessThanOrEqual(fewer.rowGroupBytesMax);
        expect(more.pageBytesMax).toBeLessThanOrEqual(fewer.pageBytesMax);
      }),
    );
  });
});

describe("what an open batch does for memory", () => {
  it("stages ahead before it seals, and seals only at its share", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(3), fc.integer({ min: 1 }), (heldBytes, wholeParts, max) => {
        const relief = planRelief({ heldBytes, wholeParts }, max);
        if (wholeParts > 0) expect(relief).toBe("stage_ahead");
        else expect(relief).toBe(heldBytes >= max ? "seal" : "none");
      }),
    );
  });
});
