/** How many of something may happen in a sliding time. */
export type RateLimit = { readonly countMax: number; readonly windowMs: number };

/** The instants that still count, ascending. */
export type RateWindow = readonly number[];

export type RateAnswer =
  | { readonly kind: "taken"; readonly window: RateWindow }
  /** `waitMs` later there is room. */
  | { readonly kind: "full"; readonly window: RateWindow; readonly waitMs: number };

/** Takes one more at `nowMs`, unless the window is full. Instants are of a clock that never goes back. */
export function takeFromWindow(window: RateWindow, limit: RateLimit, nowMs: number): RateAnswer {
  const counting = window.filter((atMs) => atMs > nowMs - limit.windowMs);
  const oldest = counting[counting.length - limit.countMax];
  if (oldest === undefined) return { kind: "taken", window: [...counting, nowMs] };
  return { kind: "full", window: counting, waitMs: oldest + limit.windowMs - nowMs };
}
