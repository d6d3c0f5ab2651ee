import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idleDecideAfterMs, type SealFacts, sealReasonOf } from "./seal-policy";

const limits = { bytesMax: 1_000, ageMaxMs: 120_000, rowsMax: 100 };
const open: SealFacts = {
  records: 1,
  rows: 1,
  bytes: 10,
  partitions: 1,
  openedAtMs: 1_000_000,
  moved: true,
  finished: false,
  decidedAtMs: 900_000,
  nowMs: 1_000_000,
};
const idle: SealFacts = { ...open, records: 0, rows: 0, bytes: 0, openedAtMs: null };

describe("sealReasonOf", () => {
  it("leaves a young and small batch open", () => {
    expect(sealReasonOf(open, limits)).toBeNull();
  });

  it("seals by bytes and by rows, at the limit and not before", () => {
    expect(sealReasonOf({ ...open, bytes: 999 }, limits)).toBeNull();
    expect(sealReasonOf({ ...open, bytes: 1_000 }, limits)).toBe("size");
    expect(sealReasonOf({ ...open, rows: 99 }, limits)).toBeNull();
    expect(sealReasonOf({ ...open, rows: 100 }, limits)).toBe("size");
  });

  it("seals a batch that touches too many folders", () => {
    const few = { ...limits, partitionsMax: 3 };
    expect(sealReasonOf({ ...open, partitions: 2 }, few)).toBeNull();
    expect(sealReasonOf({ ...open, partitions: 3 }, few)).toBe("size");
  });

  it("has no bound on rows unless one is given", () => {
    const { rowsMax: _, ...unbounded } = limits;
    expect(sealReasonOf({ ...open, rows: 1e9 }, unbounded)).toBeNull();
  });

  it("seals by the age of the first record, also when nothing new came", () => {
    expect(sealReasonOf({ ...open, nowMs: 1_119_999 }, limits)).toBeNull();
    expect(sealReasonOf({ ...open, nowMs: 1_120_000, moved: false }, limits)).toBe("age");
  });

  it("seals a batch of nothing but deletes or dirty records by age too", () => {
    expect(sealReasonOf({ ...open, rows: 0, nowMs: 1_120_000 }, limits)).toBe("age");
  });

  it("seals the end of a channel even when no record came with it", () => {
    expect(sealReasonOf({ ...idle, finished: true, moved: false }, limits)).toBe("finished");
    expect(sealReasonOf({ ...open, finished: true, bytes: 5_000 }, limits)).toBe("finished");
  });

  it("decides a position that moved with no record at most once a minute", () => {
    const decidedAtMs = 1_000_000;
    const at = (nowMs: number) => sealReasonOf({ ...idle, decidedAtMs, nowMs }, limits);
    expect(at(decidedAtMs + idleDecideAfterMs - 1)).toBeNull();
    expect(at(decidedAtMs + idleDecideAfterMs)).toBe("idle");
  });

  it("never decides a position that did not move", () => {
    expect(sealReasonOf({ ...idle, moved: false, nowMs: 9e12 }, limits)).toBeNull();
  });

  it("lets no batch that holds a record outlive its limits (D5)", () => {
    const facts = fc.record({
      records: fc.integer({ min: 1, max: 500 }),
      rows: fc.nat(500),
      bytes: fc.nat(5_000),
      partitions: fc.nat(5_000),
      openedAtMs: fc.nat(1_000_000),
      moved: fc.boolean(),
      finished: fc.boolean(),
      decidedAtMs: fc.nat(1_000_000),
      nowMs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(facts, (one) => {
        const isOver =
          one.finished ||
          one.bytes >= limits.bytesMax ||
          one.rows >= limits.rowsMax ||
          one.nowMs - one.openedAtMs >= limits.ageMaxMs;
        expect(sealReasonOf(one, limits) !== null).toBe(isOver);
      }),
    );
  });
});
