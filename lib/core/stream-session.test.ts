import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFlushId, streamSessionStatus } from "./stream-session";
import { grantSlots, slotLimits } from "./stream-slots";

describe("a stream session", () => {
  it("is normal until it is ended, or until its time is up", () => {
    const facts = { expiresAtMs: 1_000, isEnded: false };
    expect(streamSessionStatus(facts, 999)).toBe("normal");
    expect(streamSessionStatus(facts, 1_000)).toBe("expired");
    expect(streamSessionStatus({ ...facts, isEnded: true }, 1_000)).toBe("ended");
  });

  it.each(["1", "2026-11-20T10:00:00.000Z", "client_7.42", "a".repeat(128)])(
    "takes %s as the id of a flush",
    (id) => expect(isFlushId(id)).toBe(true),
  );

  it.each(["", ".", "..", "a/b", "a b", "ä", "-1", "a".repeat(129)])("takes %j as none", (id) =>
    expect(isFlushId(id)).toBe(false),
  );
});

describe("slots", () => {
  it("are granted as asked or not at all, and never more than there are", () => {
    const askedOf = fc.integer({ min: 0, max: slotLimits.granted });
    fc.assert(
      fc.property(fc.array(askedOf), (asks) => {
        let granted = 0;
        for (const asked of asks) {
          const given = grantSlots(asked, granted);
          if (given === null) {
            expect(granted + Math.max(asked, 1)).toBeGreaterThan(slotLimits.granted);
            continue;
          }
          expect(given).toBeGreaterThan(0);
          if (asked > 0) expect(given).toBe(asked);
          else expect(given).toBeLessThanOrEqual(slotLimits.automatic);
          granted += given;
        }
        expect(granted).toBeLessThanOrEqual(slotLimits.granted);
      }),
    );
  });
});
