import type { Fault } from "./error-kind";

/**
 * First delay and cap by fault, ms. `user` probes often enough that a mended bucket is noticed within
 * half a minute; `internal` is slow because a bug does not heal.
 */
const delays: Readonly<Record<Fault, { readonly firstMs: number; readonly maxMs: number }>> = {
  transient: { firstMs: 250, maxMs: 15_000 },
  user: { firstMs: 1_000, maxMs: 20_000 },
  internal: { firstMs: 5_000, maxMs: 60_000 },
};

/**
 * How long to wait before attempt `failures + 1`. Doubles up to the fault's cap; `jitter` in [0, 1)
 * takes up to half of it off, so that many channels do not come back at the same moment.
 */
export function retryDelayMs(fault: Fault, failures: number, jitter: number): number {
  const { firstMs, maxMs } = delays[fault];
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 16));
  return Math.round(full * (1 - jitter / 2));
}

const transientAttemptsBeforeShown = 3;

/** A failure is told to people when they can mend it, or when it lasts: a transient one from its third time in a row. */
export function isWorthShowing(fault: Fault, attempt: number): boolean {
  return fault !== "transient" || attempt >= transientAttemptsBeforeShown;
}
