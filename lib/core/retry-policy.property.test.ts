import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fault } from "./error-kind";
import { isWorthShowing, retryDelayMs } from "./retry-policy";

const fault = fc.constantFrom<Fault>("user", "transient", "internal");
const failures = fc.integer({ min: 1, max: 10_000 });
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("retries", () => {
  it("wait for a time that there is, whole milliseconds, and never for ever", () => {
    fc.assert(
      fc.property(fault, failures, jitter, (of, times, chance) => {
        const delayMs = retryDelayMs(of, times, chance);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThan(0);
        expect(delayMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  it("wait no shorter after one more failure", () => {
    fc.assert(
      fc.property(fault, failures, jitter, (of, times, chance) => {
        const next = retryDelayMs(of, times + 1, chance);
        expect(next).toBeGreaterThanOrEqual(retryDelayMs(of, times, chance));
      }),
    );
  });

  it("lose at most half of their wait to chance, so that channels come back apart", () => {
    fc.assert(
      fc.property(fault, failures, jitter, (of, times, chance) => {
        const full = retryDelayMs(of, times, 0);
        const delayMs = retryDelayMs(of, times, chance);
        expect(delayMs).toBeLessThanOrEqual(full);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(full / 2));
      }),
    );
  });

  it("notice within half a minute what somebody mended, and are slower where we have to mend it", () => {
    fc.assert(
      fc.property(failures, jitter, (times, chance) => {
        expect(retryDelayMs("user", times, chance)).toBeLessThan(30_000);
        const internal = retryDelayMs("internal", times, chance);
        expect(internal).toBeGreaterThanOrEqual(retryDelayMs("user", times, chance));
        expect(internal).toBeGreaterThanOrEqual(retryDelayMs("transient", times, chance));
      }),
    );
  });

  it("are shown from some time on for good, at once where a person can do something", () => {
    fc.assert(
      fc.property(fault, failures, (of, times) => {
        const isShown = isWorthShowing(of, times);
        if (isShown) expect(isWorthShowing(of, times + 1)).toBe(true);
        if (of !== "transient") expect(isShown).toBe(true);
        expect(isWorthShowing(of, 10)).toBe(true);
      }),
    );
    expect(isWorthShowing("transient", 1)).toBe(false);
  });
});
