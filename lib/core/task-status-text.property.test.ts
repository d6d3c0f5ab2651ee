import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeDuration } from "./task-status-text";

describe("lengths of time", () => {
  const unitMs: Record<string, number> = {
    ...{ second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 },
  };
  const read = (text: string) => {
    const [, count = "", unit = ""] = /^(\d+) (\w+?)s?$/.exec(text) ?? [];
    return { count: Number(count), unitMs: unitMs[unit] ?? Number.NaN };
  };

  it("are told as less than they are, by less than one of their units", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000_000 }), (ms) => {
        const told = read(describeDuration(ms));
        expect(told.count * told.unitMs).toBeLessThanOrEqual(ms);
        expect((told.count + 1) * told.unitMs).toBeGreaterThan(ms);
        // At least two of a unit, or it is told in the next smaller one.
        if (ms >= 2_000) expect(told.count).toBeGreaterThanOrEqual(2);
      }),
    );
  });

  it("are never told as longer than a longer one, nor as less than nothing", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000_000 }), fc.nat({ max: 100_000_000 }), (ms, more) => {
        const [one, other] = [read(describeDuration(ms)), read(describeDuration(ms + more))];
        expect(other.count * other.unitMs).toBeGreaterThanOrEqual(one.count * one.unitMs);
        expect(describeDuration(-ms)).toBe("0 seconds");
      }),
    );
  });
});
