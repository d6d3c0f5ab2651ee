import fc from "fast-check";
import { expect, it } from "vitest";
import { CommitClock } from "./commit-clock";

const clockAt = (now: () => number) => ({ now, monotonic: () => 0, sleep: async () => {} });

it("gives rising times, numbers and ids over restarts, whatever the wall clock does", () => {
  const step = fc.record({ byMs: fc.integer({ min: -100, max: 100 }), restart: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let wallMs = 1_700_000_000_000;
      const source = clockAt(() => wallMs);
      let clock = new CommitClock(source, undefined);
      let last = { ms: 0, sequence: 0, id: 0, number: 0n };
      for (const { byMs, restart } of steps) {
        wallMs += byMs;
        if (restart) clock = new CommitClock(source, clock.encode());
        const next = {
          ms: clock.nowMs(),
          sequence: clock.nextSequence(),
          id: clock.nextId(),
          number: clock.nextAutoIncrement(),
        };
        expect(next.ms).toBeGreaterThanOrEqual(last.ms);
        expect(next.sequence).toBeGreaterThan(last.sequence);
        expect(next.id).toBeGreaterThan(last.id);
        expect(next.number > last.number).toBe(true);
        last = next;
      }
    }),
  );
});
