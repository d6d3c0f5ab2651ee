import fc from "fast-check";
import { expect, it } from "vitest";
import { type LogChannel, nextTimestampUs } from "./stream-log";

it("timestamps of a channel rise, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 })), (times) => {
      const channel: LogChannel = {
        ordinal: 1,
        id: "c",
        nextSequence: 0,
        durableSequence: 0,
        lastTimestampUs: 0,
        firstSequence: 0,
        waiters: new Set(),
      };
      for (const nowMs of times) {
        const next = nextTimestampUs(channel, nowMs);
        expect(next).toBeGreaterThan(channel.lastTimestampUs);
        expect(next).toBeGreaterThanOrEqual(nowMs * 1000);
        channel.lastTimestampUs = next;
      }
    }),
  );
});
