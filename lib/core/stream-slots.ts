/**
 * Slots: the right to send. A flush holds one while its rows come in and are read; while it waits for
 * its window it holds none. The numbers are the modelled service's own.
 */
export const slotLimits = {
  /** Granted to all open sessions of the installation together. */
  granted: 500,
  /** What a session gets that leaves the number to us. */
  automatic: 8,
  /** In use on one partition at a time. */
  perPartition: 32,
  requestsPerSecond: 10,
  bytesPerSecond: 1024 * 1024,
} as const;

/**
 * How many slots a new session gets: as many as it asked for, or what is left of the automatic number
 * when it asked for 0. Null when that many are not left.
 */
export function grantSlots(asked: number, granted: number): number | null {
  const left = slotLimits.granted - granted;
  const wanted = asked === 0 ? Math.min(slotLimits.automatic, left) : asked;
  return wanted > 0 && wanted <= left ? wanted : null;
}

/** Until when a session's slots are spoken for, by its requests and by its bytes. */
export type SlotPace = { readonly requestsUntilMs: number; readonly bytesUntilMs: number };

/** So far ahead of its pace a session may be: clients send in bursts. */
const aheadMaxMs = 1_000;

export type PaceAnswer =
  | { readonly kind: "enter"; readonly pace: SlotPace }
  /** `waitMs` later there is room. */
  | { readonly kind: "wait"; readonly what: "requests" | "bytes"; readonly waitMs: number };

/** Whether one more request may begin. `nowMs` is of a clock that never goes back. */
export function enterPace(pace: SlotPace | null, slots: number, nowMs: number): PaceAnswer {
  const requestMs = 1_000 / (slotLimits.requestsPerSecond * slots);
  const requestsUntilMs = Math.max(pace?.requestsUntilMs ?? nowMs, nowMs) + requestMs;
  const bytesUntilMs = Math.max(pace?.bytesUntilMs ?? nowMs, nowMs);
  const over = (untilMs: number) => untilMs - nowMs - aheadMaxMs;
  if (over(bytesUntilMs) > 0) return { kind: "wait", what: "bytes", waitMs: over(bytesUntilMs) };
  // What fits exactly must not fail by the last bit of a fraction.
  if (over(requestsUntilMs) > 1e-3) {
    return { kind: "wait", what: "requests", waitMs: over(requestsUntilMs) };
  }
  return { kind: "enter", pace: { requestsUntilMs, bytesUntilMs } };
}

/** Counts bytes that came: how many they are is known only then, so they hold up the next ones. */
export function chargeBytes(pace: SlotPace, bytes: number, slots: number, nowMs: number): SlotPace {
  const tookMs = (bytes * 1_000) / (slotLimits.bytesPerSecond * slots);
  return { ...pace, bytesUntilMs: Math.max(pace.bytesUntilMs, nowMs) + tookMs };
}
