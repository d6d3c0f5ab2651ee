import fc from "fast-check";
import { expect, it } from "vitest";
import { newLogChannel, nextTimestampUs } from "./stream-log";

it("timestamps of a channel rise, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 })), (times) => {
      const range = { hashStart: 0, hashEnd: 1 };
      const channel = newLogChannel({ ordinal: 1, id: "c", parentId: null, ...range });
      for (const nowMs of times) {
        const next = nextTimestampUs(channel, nowMs);
        expect(next).toBeGreaterThan(channel.lastTimestampUs);
        expect(next).toBeGreaterThanOrEqual(nowMs * 1000);
        channel.lastTimestampUs = next;
      }
    }),
  );
});
