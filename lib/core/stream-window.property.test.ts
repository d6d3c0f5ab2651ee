import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargeBytes, enterPace, type SlotPace, slotLimits } from "./stream-slots";
import { addPack, openForMs, type StreamWindow, windowPacksMax } from "./stream-window";

const packs = fc.array(
  fc.record({
    afterMs: fc.nat(500),
    bytes: fc.nat(1_000),
    flush: fc.record({
      bytes: fc.integer({ min: 1, max: 5_000 }),
      milliseconds: fc.nat(2_000),
    }),
  }),
  { minLength: 1, maxLength: 50 },
);

describe("a window", () => {
  it("keeps no pack longer than its session asks, and takes none once it holds what one asks for", () => {
    fc.assert(
      fc.property(packs, (coming) => {
        let nowMs = 0;
        let window: StreamWindow | null = null;
        const taken: { untilMs: number; bytesMax: number }[] = [];
        for (const pack of coming) {
          nowMs += pack.afterMs;
          if (window !== null && openForMs(window, nowMs) === 0) break;
          const before: number = window?.bytes ?? 0;
          for (const { bytesMax } of taken) expect(before).toBeLessThan(bytesMax);
          window = addPack(window, pack, nowMs);
          taken.push({ untilMs: nowMs + pack.flush.milliseconds, bytesMax: pack.flush.bytes });
        }
        if (window === null) return;
        const first = Math.min(...taken.map(({ untilMs }) => untilMs));
        expect(openForMs(window, nowMs)).toBeLessThanOrEqual(Math.max(0, first - nowMs));
        expect(openForMs(window, first)).toBe(0);
      }),
    );
  });

  it("ends with as many packs as one decide writes down", () => {
    const pack = { bytes: 1, flush: { bytes: 1e9, milliseconds: 1e6 } };
    let window: StreamWindow | null = null;
    for (let count = 0; count < windowPacksMax - 1; count += 1) window = addPack(window, pack, 0);
    expect(window && openForMs(window, 0)).toBe(1e6);
    expect(openForMs(addPack(window, pack, 0), 0)).toBe(0);
  });
});

describe("the pace of a session", () => {
  const request = fc.record({ afterMs: fc.nat(300), bytes: fc.nat(4 * 1024 * 1024) });

  it("lets through what its slots may send, and a second's worth ahead, but for one pack", () => {
    const slotsOf = fc.integer({ min: 1, max: 8 });
    fc.assert(
      fc.property(slotsOf, fc.array(request, { maxLength: 200 }), (slots, requests) => {
        let nowMs = 0;
        let pace: SlotPace | null = null;
        let [entered, bytes, lastBytes] = [0, 0, 0];
        for (const one of requests) {
          nowMs += one.afterMs;
          const answer = enterPace(pace, slots, nowMs);
          if (answer.kind === "wait") {
            // Coming back when told is enough.
            expect(enterPace(pace, slots, nowMs + answer.waitMs).kind).toBe("enter");
            continue;
          }
          pace = chargeBytes(answer.pace, one.bytes, slots, nowMs);
          entered += 1;
          bytes += one.bytes;
          lastBytes = one.bytes;
        }
        const seconds = nowMs / 1_000 + 1;
        expect(entered).toBeLessThanOrEqual(slotLimits.requestsPerSecond * slots * seconds + 1e-3);
        expect(bytes - lastBytes).toBeLessThanOrEqual(
          slotLimits.bytesPerSecond * slots * seconds + 1,
        );
      }),
    );
  });

  it("never holds up who stays below it", () => {
    let pace: SlotPace | null = null;
    for (let count = 0; count < 1_000; count += 1) {
      const answer = enterPace(pace, 2, count * 50);
      expect(answer.kind).toBe("enter");
      if (answer.kind === "enter") pace = chargeBytes(answer.pace, 100_000, 2, count * 50);
    }
  });
});
