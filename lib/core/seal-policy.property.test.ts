import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idleDecideAfterMs, type SealFacts, sealReasonOf } from "./seal-policy";

const limits = { bytesMax: 1_000, ageMaxMs: 5_000, rowsMax: 100, partitionsMax: 10 };
/** An open batch, read in order: whatever it holds came after it was opened and before now. */
const facts: fc.Arbitrary<SealFacts> = fc
  .record({
    records: fc.nat({ max: 200 }),
    rows: fc.nat({ max: 200 }),
    bytes: fc.oneof(fc.nat({ max: 2_000 }), fc.integer({ min: 999, max: 1_001 })),
    partitions: fc.nat({ max: 20 }),
    openedAtMs: fc.nat({ max: 20 }).map((steps) => steps * 2_500),
    moved: fc.boolean(),
    finished: fc.boolean(),
    decidedAtMs: fc.nat({ max: 40 }).map((steps) => steps * 2_500),
    nowMs: fc.nat({ max: 40 }).map((steps) => steps * 2_500),
  })
  .map((one) => ({
    ...one,
    ...(one.records === 0 ? { rows: 0, bytes: 0, partitions: 0 } : {}),
    openedAtMs: one.records === 0 ? null : one.openedAtMs,
  }));

describe("when a batch is sealed", () => {
  it("D5: never stays open at one of its limits", () => {
    fc.assert(
      fc.property(facts, (open) => {
        fc.pre(open.records > 0);
        const isAtLimit =
          open.bytes >= limits.bytesMax ||
          open.rows >= limits.rowsMax ||
          open.partitions >= limits.partitionsMax ||
          open.nowMs - (open.openedAtMs ?? 0) >= limits.ageMaxMs;
        expect(sealReasonOf(open, limits) !== null).toBe(isAtLimit || open.finished);
      }),
      { numRuns: 3_000 },
    );
  });

  it("stays due once it is due, whatever comes to it and however late it gets", () => {
    fc.assert(
      fc.property(facts, fc.nat(1_000), fc.nat(1_000), fc.nat(100_000), (open, rows, bytes, ms) => {
        fc.pre(open.records > 0 && sealReasonOf(open, limits) !== null);
        const later = {
          ...open,
          records: open.records + rows,
          rows: open.rows + rows,
          bytes: open.bytes + bytes,
          nowMs: open.nowMs + ms,
        };
        expect(sealReasonOf(later, limits)).not.toBe(null);
      }),
    );
  });

  it("decides the end of a channel, with records or without", () => {
    fc.assert(
      fc.property(facts, (open) => {
        expect(sealReasonOf({ ...open, finished: true }, limits)).toBe("finished");
      }),
    );
  });

  it("decides nothing of nothing: without a record only a position that moved, a minute after the last", () => {
    fc.assert(
      fc.property(facts, (open) => {
        const empty = { ...open, records: 0, rows: 0, bytes: 0, openedAtMs: null, finished: false };
        const isDue = empty.moved && empty.nowMs - empty.decidedAtMs >= idleDecideAfterMs;
        expect(sealReasonOf(empty, limits)).toBe(isDue ? "idle" : null);
      }),
    );
  });

  it("does not seal for a limit that is not set", () => {
    fc.assert(
      fc.property(facts, (open) => {
        const young = { ...open, records: 1, openedAtMs: open.nowMs, finished: false, bytes: 0 };
        expect(sealReasonOf(young, { bytesMax: 1, ageMaxMs: 1 })).toBe(null);
      }),
    );
  });
});
