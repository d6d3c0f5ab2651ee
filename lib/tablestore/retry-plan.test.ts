import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TablestoreError } from "./error-body";
import { TransportError } from "./http-transport";
import { MessageError } from "./messages";
import { backOffMs, isWorthRetrying, otherRetry, readRecordsRetry } from "./retry-plan";

describe("back-off", () => {
  it("doubles up to its cap, give or take a third, however long it goes on", () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const plan = fc.constantFrom(otherRetry, readRecordsRetry);
    fc.assert(
      fc.property(plan, fc.integer({ min: 1, max: 10_000 }), random, (one, failures, chance) => {
        const middle = Math.min(one.maxMs, one.firstMs * 2 ** (failures - 1));
        const delay = backOffMs(one, failures, chance);
        expect(delay).toBeGreaterThanOrEqual(middle * 0.66);
        expect(delay).toBeLessThanOrEqual(middle * 1.34);
      }),
    );
  });

  it("spreads clients that fail together", () => {
    expect(backOffMs(otherRetry, 1, 0)).toBeCloseTo(67);
    expect(backOffMs(otherRetry, 1, 0.999)).toBeCloseTo(133, 0);
  });
});

describe("trying again", () => {
  const refusal = (httpStatus: number, code: string, message = "") =>
    new TablestoreError({ httpStatus, code, message, requestId: null });

  it.each<[string, unknown, { read: boolean; write: boolean }]>([
    ["no answer", new TransportError("unreachable", ""), { read: true, write: false }],
    ["a late answer", new TransportError("timeout", ""), { read: true, write: false }],
    ["a damaged answer", new TransportError("damaged", ""), { read: true, write: false }],
    ["an endless answer", new TransportError("too_large", ""), { read: false, write: false }],
    ["our own closing", new TransportError("closed", ""), { read: false, write: false }],
    ["an internal error", refusal(500, "OTSInternalServerError"), { read: true, write: false }],
    ["a proxy's error", refusal(502, "HTTP502"), { read: true, write: false }],
    ["a time-out inside", refusal(503, "OTSTimeout"), { read: true, write: false }],
    ["a busy server", refusal(503, "OTSServerBusy"), { read: true, write: true }],
    ["a moving partition", refusal(503, "OTSPartitionUnavailable"), { read: true, write: true }],
    ["a row conflict", refusal(409, "OTSRowOperationConflict"), { read: true, write: true }],
    ["a table not ready", refusal(404, "OTSTableNotReady"), { read: true, write: true }],
    ["another quota", refusal(403, "OTSQuotaExhausted", "Tables."), { read: false, write: false }],
    ["a bad request", refusal(400, "OTSParameterInvalid"), { read: false, write: false }],
    ["a bad key", refusal(403, "OTSAuthFailed"), { read: false, write: false }],
    ["a lost client", refusal(410, "OTSResourceGone"), { read: false, write: false }],
    ["a strange answer", new MessageError("Error", ""), { read: false, write: false }],
    ["a bug", new TypeError("oops"), { read: false, write: false }],
  ])("after %s", (_, error, { read, write }) => {
    expect(isWorthRetrying(error, true)).toBe(read);
    expect(isWorthRetrying(error, false)).toBe(write);
  });
});
