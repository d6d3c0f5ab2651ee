import { TablestoreError } from "./error-body";
import { TransportError } from "./http-transport";

/** Back-off of one operation: doubling from `firstMs` to `maxMs`, given up after `totalMs`. */
export type RetryPlan = {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly totalMs: number;
};

/** The official tunnel client's figures (reference: wire protocol 4.6 and 4.7). */
export const readRecordsRetry: RetryPlan = { firstMs: 16, maxMs: 3_000, totalMs: 75_000 };
export const otherRetry: RetryPlan = { firstMs: 100, maxMs: 2_000, totalMs: 35_000 };
const jitter = 0.33;

/** How long to wait after failure number `failures` (from 1); `random` is in [0, 1). */
export function backOffMs(plan: RetryPlan, failures: number, random: number): number {
  const full = Math.min(plan.maxMs, plan.firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (1 - jitter + 2 * jitter * random);
}

/** Refusals that promise that nothing was done, so that even a write may be sent again. */
const notDoneCodes: ReadonlySet<string> = new Set([
  "OTSServerBusy",
  "OTSPartitionUnavailable",
  "OTSTableNotReady",
  "OTSRowOperationConflict",
]);

/** The real service's way of saying that the stream was trimmed; trying again is in vain. */
export const trimmedMark = "OTSTrimmedDataAccess";
const tooFrequent = "Too frequent table operations.";

/**
 * Whether sending the request again can help and cannot hurt. An unknown outcome (no answer, 5xx)
 * is tried again only for operations that are repeatable.
 */
export function isWorthRetrying(error: unknown, repeatable: boolean): boolean {
  if (error instanceof TransportError) {
    return repeatable && error.failure !== "closed" && error.failure !== "too_large";
  }
  if (!(error instanceof TablestoreError)) return false;
  if (error.serviceMessage.includes(trimmedMark)) return false;
  if (notDoneCodes.has(error.code)) return true;
  if (error.code === "OTSQuotaExhausted") return error.serviceMessage === tooFrequent;
  return repeatable && (error.httpStatus >= 500 || error.code === "OTSTunnelServerUnavailable");
}
