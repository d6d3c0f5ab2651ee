import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IdleReads, nextIdleReads } from "./idle-reads";

/** Reads in a row that bring nothing, each begun as soon as it may be. */
function readInVain(tookMs: readonly number[]): number[] {
  const begins: number[] = [];
  let idle: IdleReads | null = null;
  let nowMs = 0;
  for (const took of tookMs) {
    nowMs = Math.max(nowMs, idle?.untilMs ?? 0);
    begins.push(nowMs);
    nowMs += took;
    idle = nextIdleReads(idle, { nowMs, tookMs: took });
  }
  return begins;
}

describe("how often an idle channel is read", () => {
  it("asks a source that answers at once after 10, 50, 250 and 1,250 ms, and then every 2 s", () => {
    const begins = readInVain([0, 0, 0, 0, 0, 0, 0]);
    const pauses = begins.slice(1).map((begin, at) => begin - (begins[at] ?? 0));
    expect(pauses).toEqual([10, 50, 250, 1_250, 2_000, 2_000]);
  });

  it("asks a source again at once that has held the answer back for longer than the pause", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2_000, max: 60_000 })), (tookMs) => {
        const begins = readInVain(tookMs);
        const ends = begins.map((begin, at) => begin + (tookMs[at] ?? 0));
        expect(begins.slice(1)).toEqual(ends.slice(0, -1));
      }),
    );
  });

  it("never leaves a channel alone for more than 2 s, nor reads it more than four times in the first second", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5_000 }), { maxLength: 40 }), (tookMs) => {
        const begins = readInVain(tookMs);
        for (const [at, begin] of begins.entries()) {
          if (at === 0) continue;
          const end = (begins[at - 1] ?? 0) + (tookMs[at - 1] ?? 0);
          expect(begin - end).toBeLessThanOrEqual(2_000);
        }
        expect(begins.filter((begin) => begin < 1_000).length).toBeLessThanOrEqual(4);
      }),
    );
  });
});
