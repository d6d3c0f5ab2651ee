/** How often an idle channel is asked for records. */

/** Reads in a row that brought nothing. */
export type IdleReads = {
  readonly count: number;
  /** The next read begins no sooner, ms of a clock that never steps. */
  readonly untilMs: number;
};

/**
 * The pauses of the official SDKs (tunnel-service.md, 7). From the beginning of one read to the
 * beginning of the next: a source that holds an empty answer back has kept the pause by itself, and is
 * asked again at once, so that its next record comes through without a delay.
 */
const pauseFirstMs = 10;
const pauseFactor = 5;
const pauseMaxMs = 2_000;

/** After a read that took `tookMs`, ended now, brought nothing, and was not cut short by us. */
export function nextIdleReads(
  before: IdleReads | null,
  { nowMs, tookMs }: { readonly nowMs: number; readonly tookMs: number },
): IdleReads {
  const count = (before?.count ?? 0) + 1;
  const pauseMs = Math.min(pauseMaxMs, pauseFirstMs * pauseFactor ** (count - 1));
  return { count, untilMs: nowMs - tookMs + pauseMs };
}
